//! Images: `/images/…`, `/build`, `/commit`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::container::{Config, GraphDriver};
use crate::wire::{is_default, null_when_empty, wire};

wire! {
    /// One image of `GET /images/json`.
    #[serde(rename_all = "PascalCase")]
    pub struct Summary {
        /// Containers of it; -1: not counted.
        pub containers: i64,
        /// Seconds since 1970.
        pub created: i64,
        /// `sha256:…` of its config.
        pub id: String,
        /// Labels.
        #[serde(serialize_with = "null_when_empty")]
        pub labels: BTreeMap<String, String>,
        /// The image it was built on, if that was here.
        pub parent_id: String,
        /// `name@sha256:…`.
        pub repo_digests: Vec<String>,
        /// `name:tag`; empty: dangling.
        pub repo_tags: Vec<String>,
        /// Bytes shared with other images; -1: not counted.
        pub shared_size: i64,
        /// Bytes of its unpacked layers.
        pub size: i64,
        /// The same, before API 1.44.
        #[serde(skip_serializing_if = "is_default")]
        pub virtual_size: i64,
    }

    /// `GET /images/NAME/json`.
    #[serde(rename_all = "PascalCase")]
    pub struct Inspect {
        /// `sha256:…` of its config.
        pub id: String,
        /// `name:tag`.
        pub repo_tags: Vec<String>,
        /// `name@sha256:…`.
        pub repo_digests: Vec<String>,
        /// The image it was built on, if that was here.
        pub parent: String,
        /// Of the commit.
        pub comment: String,
        /// RFC 3339.
        #[serde(skip_serializing_if = "is_default")]
        pub created: String,
        /// Version of the engine that built it.
        pub docker_version: String,
        /// Who made it.
        pub author: String,
        /// What a container of it runs.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub config: Option<ImageConfig>,
        /// GOARCH word.
        pub architecture: String,
        /// For example `v8`.
        #[serde(skip_serializing_if = "is_default")]
        pub variant: String,
        /// `linux`.
        pub os: String,
        /// Windows only.
        #[serde(skip_serializing_if = "is_default")]
        pub os_version: String,
        /// Bytes of its unpacked layers.
        pub size: i64,
        /// The same, before API 1.44.
        #[serde(skip_serializing_if = "is_default")]
        pub virtual_size: i64,
        /// Where its files lie.
        pub graph_driver: GraphDriver,
        /// Its layers.
        #[serde(rename = "RootFS")]
        pub root_fs: RootFs,
        /// Local facts.
        pub metadata: Metadata,
        /// The manifest (or index) it was pulled as.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub descriptor: Option<Descriptor>,
    }

    /// Layers of an image.
    #[serde(rename_all = "PascalCase")]
    pub struct RootFs {
        /// `layers`.
        #[serde(rename = "Type")]
        pub kind: String,
        /// Diff ids, the lowest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub layers: Vec<String>,
    }

    /// Local facts of an image.
    #[serde(rename_all = "PascalCase")]
    pub struct Metadata {
        /// RFC 3339; `0001-01-01T00:00:00Z`: never.
        pub last_tag_time: String,
    }

    /// A descriptor of content.
    #[serde(rename_all = "camelCase")]
    pub struct Descriptor {
        /// Media type.
        pub media_type: String,
        /// `sha256:…`.
        pub digest: String,
        /// Bytes.
        pub size: i64,
    }

    /// `GET /distribution/NAME/json`.
    #[serde(rename_all = "PascalCase")]
    pub struct Distribution {
        /// The manifest or index that the registry has under the name.
        pub descriptor: Descriptor,
        /// What it can run on.
        pub platforms: Vec<Platform>,
    }

    /// What an image runs on.
    pub struct Platform {
        /// GOARCH word.
        pub architecture: String,
        /// `linux`.
        pub os: String,
        /// For example `v8`.
        #[serde(skip_serializing_if = "is_default")]
        pub variant: String,
    }

    /// One entry of `GET /images/NAME/history`, the newest first.
    #[serde(rename_all = "PascalCase")]
    pub struct History {
        /// Of the commit.
        pub comment: String,
        /// Seconds since 1970.
        pub created: i64,
        /// The command.
        pub created_by: String,
        /// The image after this step, or `<missing>`.
        pub id: String,
        /// Bytes of its layer.
        pub size: i64,
        /// Names of that image.
        #[serde(serialize_with = "null_when_empty")]
        pub tags: Vec<String>,
    }

    /// One entry of `DELETE /images/NAME` and of a prune: one member is set.
    #[serde(rename_all = "PascalCase")]
    pub struct DeleteItem {
        /// A name that is gone.
        #[serde(skip_serializing_if = "is_default")]
        pub untagged: String,
        /// An image (or layer) that is gone.
        #[serde(skip_serializing_if = "is_default")]
        pub deleted: String,
    }

    /// `POST /images/prune`.
    #[serde(rename_all = "PascalCase")]
    pub struct PruneResponse {
        /// What is gone.
        #[serde(serialize_with = "null_when_empty")]
        pub images_deleted: Vec<DeleteItem>,
        /// Bytes.
        pub space_reclaimed: u64,
    }

    /// `POST /build/prune`.
    #[serde(rename_all = "PascalCase")]
    pub struct BuildPruneResponse {
        /// Ids of records.
        #[serde(serialize_with = "null_when_empty")]
        pub caches_deleted: Vec<String>,
        /// Bytes.
        pub space_reclaimed: u64,
    }

    /// The answer of `POST /commit`, 201.
    #[serde(rename_all = "PascalCase")]
    pub struct CommitResponse {
        /// The new image.
        pub id: String,
    }

    /// One line of a pull's, push's, load's, import's or build's stream.
    #[serde(rename_all = "camelCase")]
    pub struct Progress {
        /// Output of a build.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stream: Option<String>,
        /// What is going on.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<String>,
        /// How far it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub progress_detail: Option<ProgressDetail>,
        /// How far it is, drawn.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub progress: Option<String>,
        /// Which layer or tag it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<String>,
        /// The end, gone wrong.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error_detail: Option<ErrorDetail>,
        /// The same sentence again.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error: Option<String>,
        /// A result, for example `{"ID":"sha256:…"}` of a build or `{"Tag","Digest","Size"}` of a push.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub aux: Option<Value>,
    }

    /// How far it is.
    pub struct ProgressDetail {
        /// Done.
        #[serde(skip_serializing_if = "is_default")]
        pub current: i64,
        /// All; 0: unknown.
        #[serde(skip_serializing_if = "is_default")]
        pub total: i64,
    }

    /// The end of a stream, gone wrong.
    pub struct ErrorDetail {
        /// For example the exit code of a build's command.
        #[serde(skip_serializing_if = "is_default")]
        pub code: i64,
        /// One sentence.
        pub message: String,
    }
}

/// The image's `Config`, printed with the same members as a container's.
pub type ImageConfig = Config;
