//! What differs between images, what an image wastes, and why a layer is kept: `/knarr/…`, knarr's own.

use serde_json::Value;

use crate::wire::{is_default, wire};

wire! {
    /// `GET /knarr/images/diff`.
    #[serde(rename_all = "PascalCase")]
    pub struct Diff {
        /// The first image.
        pub from: Side,
        /// The second.
        pub to: Side,
        /// Layers that both stand on.
        pub shared_layers: i64,
        /// Bytes of those.
        pub shared_size: i64,
        /// Settings that differ, by name.
        pub config: Vec<Setting>,
        /// Packages that differ, by name.
        pub packages: Vec<Package>,
        /// Files that differ, by path.
        pub files: Vec<File>,
    }

    /// One of two images.
    #[serde(rename_all = "PascalCase")]
    pub struct Side {
        /// `sha256:…` of its config.
        pub id: String,
        /// Bytes of its layers.
        pub size: i64,
        /// How many layers it has.
        pub layers: i64,
    }

    /// A setting.
    #[serde(rename_all = "PascalCase")]
    pub struct Setting {
        /// `Cmd`, or `Env PATH` for one of several.
        pub name: String,
        /// In the first image; null: none.
        pub before: Value,
        /// In the second; null: none.
        pub after: Value,
    }

    /// A package of the distribution.
    #[serde(rename_all = "PascalCase")]
    pub struct Package {
        /// Its name, with the architecture where the database has several.
        pub name: String,
        /// `dpkg` or `apk`.
        pub manager: String,
        /// Its version in the first image; empty: it is not there.
        pub before: String,
        /// Its version in the second; empty: it is not there.
        pub after: String,
    }

    /// A file.
    #[serde(rename_all = "PascalCase")]
    pub struct File {
        /// From the root.
        pub path: String,
        /// `added`, `removed` or `changed`.
        pub kind: String,
        /// What of it was changed: `kind`, `content`, `mode`, `owner`, `attributes`.
        #[serde(skip_serializing_if = "is_default")]
        pub aspects: Vec<String>,
        /// Bytes in the first image.
        pub before: i64,
        /// Bytes in the second.
        pub after: i64,
    }

    /// `GET /knarr/images/waste`.
    #[serde(rename_all = "PascalCase")]
    pub struct Waste {
        /// `sha256:…` of the image's config.
        pub id: String,
        /// Bytes of its layers.
        pub size: i64,
        /// Bytes among them that upper layers hide.
        pub wasted: i64,
        /// The files, the largest first.
        pub files: Vec<Wasted>,
    }

    /// A file that an upper layer overwrites or deletes.
    #[serde(rename_all = "PascalCase")]
    pub struct Wasted {
        /// From the root.
        pub path: String,
        /// Bytes.
        pub size: i64,
        /// The chain id of the layer that carries it.
        pub layer: String,
        /// The chain id of the layer that hides it.
        pub hidden_by: String,
        /// It is deleted, not overwritten.
        pub deleted: bool,
    }
    /// One entry of `GET /knarr/why-kept`: a layer or a blob.
    #[serde(rename_all = "PascalCase")]
    pub struct WhyKept {
        /// The chain id of a layer, or the digest of a blob.
        pub digest: String,
        /// `layer` or `blob`.
        pub kind: String,
        /// Why it stays.
        pub reasons: Vec<Reason>,
    }

    /// A reason for which something stays.
    #[serde(rename_all = "PascalCase")]
    pub struct Reason {
        /// `image`, `container`, `work`; `leftover`: nothing needs it.
        pub kind: String,
        /// The id of the image or container.
        #[serde(skip_serializing_if = "is_default")]
        pub id: String,
        /// The same in words.
        pub text: String,
    }
}
