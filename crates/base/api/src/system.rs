//! The daemon: `/_ping`, `/version`, `/info`, `/auth`, `/events`, `/system/df`.

use std::collections::BTreeMap;

use crate::wire::{Nothing, is_default, null_when_empty, wire};
use crate::{container, image, volume};

/// Headers of the answer to a ping.
pub mod ping {
    /// The newest API version.
    pub const API_VERSION: &str = "Api-Version";
    /// `1`: the classic builder.
    pub const BUILDER_VERSION: &str = "Builder-Version";
    /// `false`.
    pub const EXPERIMENTAL: &str = "Docker-Experimental";
    /// `linux`.
    pub const OS_TYPE: &str = "OSType";
    /// `inactive`.
    pub const SWARM: &str = "Swarm";
}

wire! {
    /// `GET /version`.
    #[serde(rename_all = "PascalCase")]
    pub struct Version {
        /// What this is.
        pub platform: PlatformName,
        /// Parts and their versions.
        pub components: Vec<Component>,
        /// Of the daemon.
        pub version: String,
        /// The newest API version.
        pub api_version: String,
        /// The oldest API version.
        #[serde(rename = "MinAPIVersion")]
        pub min_api_version: String,
        /// Of the source.
        pub git_commit: String,
        /// Of the compiler.
        pub go_version: String,
        /// `linux`.
        pub os: String,
        /// GOARCH word.
        pub arch: String,
        /// Release.
        pub kernel_version: String,
        /// Experimental features are on.
        #[serde(skip_serializing_if = "is_default")]
        pub experimental: bool,
        /// RFC 3339.
        pub build_time: String,
    }

    /// What this is.
    #[serde(rename_all = "PascalCase")]
    pub struct PlatformName {
        /// Its name.
        pub name: String,
    }

    /// One part.
    #[serde(rename_all = "PascalCase")]
    pub struct Component {
        /// Its name.
        pub name: String,
        /// Its version.
        pub version: String,
        /// More facts.
        pub details: BTreeMap<String, String>,
    }

    /// `GET /info`.
    #[serde(rename_all = "PascalCase")]
    pub struct Info {
        /// Of this daemon.
        #[serde(rename = "ID")]
        pub id: String,
        /// All.
        pub containers: i64,
        /// Of them running.
        pub containers_running: i64,
        /// Of them paused.
        pub containers_paused: i64,
        /// Of them not running.
        pub containers_stopped: i64,
        /// How many.
        pub images: i64,
        /// Storage driver.
        pub driver: String,
        /// Facts about it, as pairs.
        pub driver_status: Vec<[String; 2]>,
        /// What can be plugged in.
        pub plugins: Plugins,
        /// Memory limits work.
        pub memory_limit: bool,
        /// Swap limits work.
        pub swap_limit: bool,
        /// CFS periods work.
        pub cpu_cfs_period: bool,
        /// CFS quotas work.
        pub cpu_cfs_quota: bool,
        /// CPU shares work.
        #[serde(rename = "CPUShares")]
        pub cpu_shares: bool,
        /// CPU sets work.
        #[serde(rename = "CPUSet")]
        pub cpu_set: bool,
        /// Process limits work.
        pub pids_limit: bool,
        /// The host forwards IPv4.
        #[serde(rename = "IPv4Forwarding")]
        pub ipv4_forwarding: bool,
        /// Debug mode.
        pub debug: bool,
        /// Open descriptors.
        #[serde(rename = "NFd")]
        pub fds: i64,
        /// OOM kills can be switched off.
        pub oom_kill_disable: bool,
        /// Threads.
        #[serde(rename = "NGoroutines")]
        pub threads: i64,
        /// RFC 3339.
        pub system_time: String,
        /// `json-file`.
        pub logging_driver: String,
        /// `cgroupfs`.
        pub cgroup_driver: String,
        /// `1` or `2`.
        pub cgroup_version: String,
        /// Subscribers of events.
        #[serde(rename = "NEventsListener")]
        pub event_listeners: i64,
        /// Release.
        pub kernel_version: String,
        /// For people.
        pub operating_system: String,
        /// Of the distribution.
        #[serde(rename = "OSVersion")]
        pub os_version: String,
        /// `linux`.
        #[serde(rename = "OSType")]
        pub os_type: String,
        /// `x86_64`.
        pub architecture: String,
        /// Where images come from when nothing else is said.
        pub index_server_address: String,
        /// How registries are reached.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub registry_config: Option<RegistryConfig>,
        /// CPUs.
        #[serde(rename = "NCPU")]
        pub ncpu: i64,
        /// Bytes.
        pub mem_total: i64,
        /// Unused.
        pub generic_resources: Nothing,
        /// The data root.
        pub docker_root_dir: String,
        /// Proxy.
        pub http_proxy: String,
        /// Proxy.
        pub https_proxy: String,
        /// Proxy.
        pub no_proxy: String,
        /// Host name.
        pub name: String,
        /// Labels of the daemon.
        pub labels: Vec<String>,
        /// Experimental features are on.
        pub experimental_build: bool,
        /// Of the daemon.
        pub server_version: String,
        /// Runtimes by name.
        pub runtimes: BTreeMap<String, Runtime>,
        /// Of them the default.
        pub default_runtime: String,
        /// Swarm is not there.
        pub swarm: Swarm,
        /// Containers live on when the daemon goes.
        pub live_restore_enabled: bool,
        /// Windows only.
        pub isolation: String,
        /// `--init`'s program.
        pub init_binary: String,
        /// Where containers come from.
        pub containerd_commit: Commit,
        /// The runtime.
        pub runc_commit: Commit,
        /// The init.
        pub init_commit: Commit,
        /// `name=seccomp,profile=builtin`, …
        pub security_options: Vec<String>,
        /// What the user should know.
        #[serde(serialize_with = "null_when_empty")]
        pub warnings: Vec<String>,
    }

    /// What can be plugged in.
    #[serde(rename_all = "PascalCase")]
    pub struct Plugins {
        /// Volume drivers.
        pub volume: Vec<String>,
        /// Network drivers.
        pub network: Vec<String>,
        /// Unused.
        pub authorization: Nothing,
        /// Log drivers.
        pub log: Vec<String>,
    }

    /// How registries are reached.
    #[serde(rename_all = "PascalCase")]
    pub struct RegistryConfig {
        /// Reached without TLS, or without checking it.
        #[serde(rename = "InsecureRegistryCIDRs")]
        pub insecure_registry_cidrs: Vec<String>,
        /// Per registry.
        pub index_configs: BTreeMap<String, serde_json::Value>,
        /// Mirrors of the default one.
        #[serde(serialize_with = "null_when_empty")]
        pub mirrors: Vec<String>,
    }

    /// A runtime.
    pub struct Runtime {
        /// Its program.
        pub path: String,
    }

    /// Swarm, not there.
    #[serde(rename_all = "PascalCase")]
    pub struct Swarm {
        /// Empty.
        #[serde(rename = "NodeID")]
        pub node_id: String,
        /// Empty.
        pub node_addr: String,
        /// `inactive`.
        pub local_node_state: String,
        /// False.
        pub control_available: bool,
        /// Empty.
        pub error: String,
        /// None.
        pub remote_managers: Nothing,
    }

    /// A version of a part.
    pub struct Commit {
        /// Its commit.
        #[serde(rename = "ID")]
        pub id: String,
    }

    /// `POST /auth`, and `X-Registry-Auth` in base64url.
    pub struct AuthConfig {
        /// User.
        #[serde(skip_serializing_if = "is_default")]
        pub username: String,
        /// Password.
        #[serde(skip_serializing_if = "is_default")]
        pub password: String,
        /// `user:password` in base64.
        #[serde(skip_serializing_if = "is_default")]
        pub auth: String,
        /// Old and unused.
        #[serde(skip_serializing_if = "is_default")]
        pub email: String,
        /// The registry.
        #[serde(skip_serializing_if = "is_default")]
        pub serveraddress: String,
        /// Instead of a password: exchanged for access tokens.
        #[serde(skip_serializing_if = "is_default")]
        pub identitytoken: String,
        /// A bearer token, sent as it is.
        #[serde(skip_serializing_if = "is_default")]
        pub registrytoken: String,
    }

    /// The answer of `POST /auth`.
    #[serde(rename_all = "PascalCase")]
    pub struct AuthResponse {
        /// `Login Succeeded`.
        pub status: String,
        /// Keep this instead of the password.
        pub identity_token: String,
    }

    /// One line of `GET /events`.
    pub struct Event {
        /// The action, for containers and images (old).
        #[serde(skip_serializing_if = "is_default")]
        pub status: String,
        /// The object, for containers and images (old).
        #[serde(skip_serializing_if = "is_default")]
        pub id: String,
        /// The image, for containers (old).
        #[serde(skip_serializing_if = "is_default")]
        pub from: String,
        /// `container`, `image`, `network`, `volume`, `builder` or `daemon`.
        #[serde(rename = "Type")]
        pub kind: String,
        /// `start`, `die`, `exec_create: sh`, …
        #[serde(rename = "Action")]
        pub action: String,
        /// Whom it happened to.
        #[serde(rename = "Actor")]
        pub actor: Actor,
        /// `local`.
        pub scope: String,
        /// Seconds since 1970.
        pub time: i64,
        /// Nanoseconds since 1970.
        #[serde(rename = "timeNano")]
        pub time_nano: i64,
    }

    /// Whom an event happened to.
    pub struct Actor {
        /// Its id (of an image: the name that was used).
        #[serde(rename = "ID")]
        pub id: String,
        /// `name`, `image`, `exitCode`, labels, …
        #[serde(rename = "Attributes")]
        pub attributes: BTreeMap<String, String>,
    }

    /// `GET /system/df`.
    #[serde(rename_all = "PascalCase")]
    pub struct DiskUsage {
        /// Bytes on the disk of all layers and blobs.
        pub layers_size: i64,
        /// Images with shared sizes and containers counted.
        pub images: Vec<image::Summary>,
        /// Containers with sizes.
        pub containers: Vec<container::Summary>,
        /// Volumes with usage.
        pub volumes: Vec<volume::Volume>,
        /// Records of builds.
        pub build_cache: Vec<BuildCache>,
        /// What was found damaged and moved out of the way. Not Docker's: missing where there is nothing.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub quarantine: Vec<Quarantined>,
    }

    /// One thing in quarantine.
    #[serde(rename_all = "PascalCase")]
    pub struct Quarantined {
        /// `blob`, `layer`, `container` or `database`.
        #[serde(rename = "Type")]
        pub kind: String,
        /// Its name in the folder `quarantine`.
        pub name: String,
        /// Bytes on the disk.
        pub size: i64,
    }

    /// One record of a build's cache.
    #[serde(rename_all = "PascalCase")]
    pub struct BuildCache {
        /// Its id.
        #[serde(rename = "ID")]
        pub id: String,
        /// `regular`, `internal`, …
        #[serde(rename = "Type")]
        pub kind: String,
        /// The step.
        pub description: String,
        /// A build uses it now.
        pub in_use: bool,
        /// Shared with an image.
        pub shared: bool,
        /// Bytes.
        pub size: i64,
        /// RFC 3339.
        pub created_at: String,
        /// RFC 3339.
        pub last_used_at: Option<String>,
        /// How often.
        pub usage_count: i64,
    }
}
