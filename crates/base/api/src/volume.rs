//! Volumes: `/volumes/…`.

use std::collections::BTreeMap;

use crate::wire::{null_when_empty, wire};

wire! {
    /// A volume.
    #[serde(rename_all = "PascalCase")]
    pub struct Volume {
        /// RFC 3339.
        pub created_at: String,
        /// `local`.
        pub driver: String,
        /// Labels.
        #[serde(serialize_with = "null_when_empty")]
        pub labels: BTreeMap<String, String>,
        /// Path on the host.
        pub mountpoint: String,
        /// Its name.
        pub name: String,
        /// Options of the driver.
        #[serde(serialize_with = "null_when_empty")]
        pub options: BTreeMap<String, String>,
        /// `local`.
        pub scope: String,
        /// Only in `df`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub usage_data: Option<UsageData>,
    }

    /// How a volume is used.
    #[serde(rename_all = "PascalCase")]
    pub struct UsageData {
        /// Containers.
        pub ref_count: i64,
        /// Bytes.
        pub size: i64,
    }

    /// `POST /volumes/create`.
    #[serde(rename_all = "PascalCase")]
    pub struct CreateRequest {
        /// Empty: a random name.
        pub name: String,
        /// Empty: `local`.
        pub driver: String,
        /// Options of the driver.
        pub driver_opts: BTreeMap<String, String>,
        /// Labels.
        pub labels: BTreeMap<String, String>,
    }

    /// `GET /volumes`.
    #[serde(rename_all = "PascalCase")]
    pub struct ListResponse {
        /// All that match.
        pub volumes: Vec<Volume>,
        /// What the user should know.
        #[serde(serialize_with = "null_when_empty")]
        pub warnings: Vec<String>,
    }

    /// `POST /volumes/prune`.
    #[serde(rename_all = "PascalCase")]
    pub struct PruneResponse {
        /// Names.
        #[serde(serialize_with = "null_when_empty")]
        pub volumes_deleted: Vec<String>,
        /// Bytes.
        pub space_reclaimed: u64,
    }

    /// Driver of a volume that a mount makes.
    #[serde(rename_all = "PascalCase")]
    pub struct DriverConfig {
        /// `local`.
        pub name: String,
        /// Its options.
        pub options: BTreeMap<String, String>,
    }
}
