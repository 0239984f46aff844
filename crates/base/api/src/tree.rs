//! The image tree: `/knarr/tree`. It is knarr's own; Docker has nothing like it.

use crate::wire::{is_default, wire};

wire! {
    /// `GET /knarr/tree`.
    #[serde(rename_all = "PascalCase")]
    pub struct Tree {
        /// Runs of layers that the same images have, each after the one below it.
        pub nodes: Vec<Node>,
        /// The images on them.
        pub images: Vec<Image>,
        /// The containers on them.
        pub containers: Vec<Container>,
    }

    /// A run of layers.
    #[serde(rename_all = "PascalCase")]
    pub struct Node {
        /// The chain id of its uppermost layer.
        pub id: String,
        /// The node below; empty: none.
        pub parent: String,
        /// Its layers, the lowest first.
        pub layers: Vec<Layer>,
        /// Bytes of its layers.
        pub size: i64,
        /// Bytes of its layers and of all below.
        pub stack_size: i64,
        /// What has these layers, on this node or above it.
        pub affects: Affects,
    }

    /// A layer.
    #[serde(rename_all = "PascalCase")]
    pub struct Layer {
        /// It and all below.
        pub chain_id: String,
        /// Digest of its uncompressed archive.
        pub diff_id: String,
        /// Bytes of its files.
        pub size: i64,
    }

    /// What would be touched by a change of a node.
    #[serde(rename_all = "PascalCase")]
    pub struct Affects {
        /// Images.
        pub images: i64,
        /// Containers in any state.
        pub containers: i64,
        /// Containers that run.
        pub running: i64,
    }

    /// An image in the tree.
    #[serde(rename_all = "PascalCase")]
    pub struct Image {
        /// `sha256:…` of its config.
        pub id: String,
        /// `name:tag`.
        pub repo_tags: Vec<String>,
        /// `name@sha256:…`.
        pub repo_digests: Vec<String>,
        /// Seconds since 1970.
        pub created: i64,
        /// Its node; empty: it has no layers.
        pub node: String,
        /// Bytes of all its layers.
        pub size: i64,
        /// Bytes of the layers that no other image has.
        pub own_size: i64,
        /// The rest.
        pub shared_size: i64,
        /// How it is known what it was made from, the surest first; empty: unknown.
        pub origins: Vec<Origin>,
        /// The images that its build used, as its provenance says.
        #[serde(skip_serializing_if = "is_default")]
        pub materials: Vec<Material>,
    }

    /// One way to know what an image was made from.
    #[serde(rename_all = "PascalCase")]
    pub struct Origin {
        /// `built`, `provenance`, `annotation` or `shared-layers`.
        pub evidence: String,
        /// The image, where it is here.
        #[serde(skip_serializing_if = "is_default")]
        pub image: String,
        /// The node, where it is here.
        #[serde(skip_serializing_if = "is_default")]
        pub node: String,
        /// What the source calls it.
        #[serde(skip_serializing_if = "is_default")]
        pub name: String,
        /// The digest by which the source names it.
        #[serde(skip_serializing_if = "is_default")]
        pub digest: String,
        /// That image is here, and its layers are not the lowest of this one: the source is wrong.
        #[serde(skip_serializing_if = "is_default")]
        pub contradicted: bool,
    }

    /// An image that a build used.
    #[serde(rename_all = "PascalCase")]
    pub struct Material {
        /// What it is called.
        pub name: String,
        /// The digest of its manifest or index.
        pub digest: String,
    }

    /// A container in the tree.
    #[serde(rename_all = "PascalCase")]
    pub struct Container {
        /// Its id.
        pub id: String,
        /// Its name.
        pub name: String,
        /// The id of its image, which may be gone.
        pub image: String,
        /// Its node; empty: its image has no layers.
        pub node: String,
        /// Docker's word.
        pub state: String,
        /// Whether it runs.
        pub running: bool,
    }
}
