//! Small answers of a container's life: wait, top, changes, update, prune, path stat.

use super::RestartPolicy;
use crate::wire::{is_default, null_when_empty, wire};

/// Kinds of [`Change`].
pub mod change {
    /// Modified.
    pub const MODIFIED: u8 = 0;
    /// Added.
    pub const ADDED: u8 = 1;
    /// Deleted.
    pub const DELETED: u8 = 2;
}

wire! {
    /// `POST …/wait`.
    #[serde(rename_all = "PascalCase")]
    pub struct WaitResponse {
        /// The exit code.
        pub status_code: i64,
        /// Why waiting failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error: Option<WaitError>,
    }

    /// Why waiting failed.
    #[serde(rename_all = "PascalCase")]
    pub struct WaitError {
        /// One sentence.
        pub message: String,
    }

    /// `GET …/top`.
    #[serde(rename_all = "PascalCase")]
    pub struct TopResponse {
        /// Column heads.
        pub titles: Vec<String>,
        /// One row a process.
        pub processes: Vec<Vec<String>>,
    }

    /// One entry of `GET …/changes`; an unchanged container answers `null`.
    #[serde(rename_all = "PascalCase")]
    pub struct Change {
        /// Absolute path in the container.
        pub path: String,
        /// One of [`change`].
        pub kind: u8,
    }

    /// `POST …/update`: members that are 0 or empty stay as they are.
    #[serde(rename_all = "PascalCase")]
    pub struct UpdateRequest {
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpu_shares: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub memory: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub nano_cpus: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub blkio_weight: u16,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpu_period: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpu_quota: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpu_realtime_period: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpu_realtime_runtime: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpuset_cpus: String,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub cpuset_mems: String,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub memory_reservation: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub memory_swap: i64,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "Option::is_none")]
        pub pids_limit: Option<i64>,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "Option::is_none")]
        pub oom_kill_disable: Option<bool>,
        /// As in [`super::HostConfig`].
        #[serde(skip_serializing_if = "is_default")]
        pub restart_policy: RestartPolicy,
    }

    /// The answer to an update.
    #[serde(rename_all = "PascalCase")]
    pub struct UpdateResponse {
        /// What the user should know.
        #[serde(serialize_with = "null_when_empty")]
        pub warnings: Vec<String>,
    }

    /// `POST /containers/prune`.
    #[serde(rename_all = "PascalCase")]
    pub struct PruneResponse {
        /// Ids.
        #[serde(serialize_with = "null_when_empty")]
        pub containers_deleted: Vec<String>,
        /// Bytes.
        pub space_reclaimed: u64,
    }

    /// The header `X-Docker-Container-Path-Stat` of the archive endpoints, in base64.
    pub struct PathStat {
        /// Base name.
        pub name: String,
        /// Bytes.
        pub size: i64,
        /// Go's `os.FileMode`: permissions, and type in the high bits (1 << 31 folder, 1 << 27 symlink, …).
        pub mode: u32,
        /// RFC 3339.
        pub mtime: String,
        /// Of a symlink.
        #[serde(rename = "linkTarget")]
        pub link_target: String,
    }
}
