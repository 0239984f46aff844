//! `GET /containers/ID/json`.

use std::collections::BTreeMap;

use super::{Config, HostConfig, PortBinding};
use crate::network::EndpointSettings;
use crate::wire::{Nothing, is_default, null_when_empty, wire};

wire! {
    /// Everything about one container.
    #[serde(rename_all = "PascalCase")]
    pub struct Inspect {
        /// 64 hex digits.
        pub id: String,
        /// RFC 3339.
        pub created: String,
        /// The program.
        pub path: String,
        /// Its arguments.
        pub args: Vec<String>,
        /// How it is.
        pub state: State,
        /// The image's id.
        pub image: String,
        /// Where its `/etc/resolv.conf` lies.
        pub resolv_conf_path: String,
        /// Where its `/etc/hostname` lies.
        pub hostname_path: String,
        /// Where its `/etc/hosts` lies.
        pub hosts_path: String,
        /// Where its log lies.
        pub log_path: String,
        /// With a slash in front.
        pub name: String,
        /// How often it was started again by policy.
        pub restart_count: i64,
        /// Storage driver.
        pub driver: String,
        /// `linux`.
        pub platform: String,
        /// SELinux.
        pub mount_label: String,
        /// SELinux.
        pub process_label: String,
        /// AppArmor.
        pub app_armor_profile: String,
        /// Live exec sessions.
        #[serde(rename = "ExecIDs", serialize_with = "null_when_empty")]
        pub exec_ids: Vec<String>,
        /// What the host does for it.
        pub host_config: HostConfig,
        /// Where its files lie.
        pub graph_driver: GraphDriver,
        /// Bytes it has written; only when asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_rw: Option<i64>,
        /// Bytes of all its files; only when asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub size_root_fs: Option<i64>,
        /// What is mounted in it.
        pub mounts: Vec<MountPoint>,
        /// What it is.
        pub config: Config,
        /// How it is connected.
        pub network_settings: NetworkSettings,
    }

    /// The state of a container.
    #[serde(rename_all = "PascalCase")]
    pub struct State {
        /// `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
        pub status: String,
        /// Also true while paused.
        pub running: bool,
        /// Frozen.
        pub paused: bool,
        /// Waits to be started again.
        pub restarting: bool,
        /// The last end was an OOM kill.
        #[serde(rename = "OOMKilled")]
        pub oom_killed: bool,
        /// Could not be removed.
        pub dead: bool,
        /// First process on the host; 0: not running.
        pub pid: i64,
        /// Of the last end.
        pub exit_code: i64,
        /// Why the last start failed.
        pub error: String,
        /// RFC 3339; `0001-01-01T00:00:00Z`: never.
        pub started_at: String,
        /// RFC 3339; `0001-01-01T00:00:00Z`: never.
        pub finished_at: String,
        /// Only with a health check.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub health: Option<Health>,
    }

    /// The state of a health check.
    #[serde(rename_all = "PascalCase")]
    pub struct Health {
        /// `starting`, `healthy`, `unhealthy` or `none`.
        pub status: String,
        /// Failures in a row.
        pub failing_streak: i64,
        /// The last results, the newest last.
        pub log: Vec<HealthResult>,
    }

    /// One health check.
    #[serde(rename_all = "PascalCase")]
    pub struct HealthResult {
        /// RFC 3339.
        pub start: String,
        /// RFC 3339.
        pub end: String,
        /// 0 healthy, 1 unhealthy, 2 reserved, -1 could not be run.
        pub exit_code: i64,
        /// At most 4096 bytes.
        pub output: String,
    }

    /// Where files lie.
    #[serde(rename_all = "PascalCase")]
    pub struct GraphDriver {
        /// Facts of the driver (`LowerDir`, `UpperDir`, …).
        pub data: BTreeMap<String, String>,
        /// `overlay2`.
        pub name: String,
    }

    /// One mount of a container.
    #[serde(rename_all = "PascalCase")]
    pub struct MountPoint {
        /// `bind`, `volume` or `tmpfs`.
        #[serde(rename = "Type")]
        pub kind: String,
        /// The volume's name.
        #[serde(skip_serializing_if = "is_default")]
        pub name: String,
        /// Path on the host.
        pub source: String,
        /// Path in the container.
        pub destination: String,
        /// The volume's driver.
        #[serde(skip_serializing_if = "is_default")]
        pub driver: String,
        /// Options.
        pub mode: String,
        /// Writable.
        #[serde(rename = "RW")]
        pub rw: bool,
        /// `rprivate`, …
        pub propagation: String,
    }

    /// How a container is connected. The flat members repeat the endpoint of the default bridge.
    #[serde(rename_all = "PascalCase")]
    pub struct NetworkSettings {
        /// Unused.
        pub bridge: String,
        /// The network namespace's id.
        #[serde(rename = "SandboxID")]
        pub sandbox_id: String,
        /// The network namespace's path.
        pub sandbox_key: String,
        /// `80/tcp` → where on the host; `null`: exposed, not published.
        pub ports: BTreeMap<String, Option<Vec<PortBinding>>>,
        /// Unused.
        pub hairpin_mode: bool,
        /// Unused.
        #[serde(rename = "LinkLocalIPv6Address")]
        pub link_local_ipv6_address: String,
        /// Unused.
        #[serde(rename = "LinkLocalIPv6PrefixLen")]
        pub link_local_ipv6_prefix_len: i64,
        /// Unused.
        #[serde(rename = "SecondaryIPAddresses")]
        pub secondary_ip_addresses: Nothing,
        /// Unused.
        #[serde(rename = "SecondaryIPv6Addresses")]
        pub secondary_ipv6_addresses: Nothing,
        /// On the default bridge.
        #[serde(rename = "EndpointID")]
        pub endpoint_id: String,
        /// On the default bridge.
        pub gateway: String,
        /// On the default bridge.
        #[serde(rename = "GlobalIPv6Address")]
        pub global_ipv6_address: String,
        /// On the default bridge.
        #[serde(rename = "GlobalIPv6PrefixLen")]
        pub global_ipv6_prefix_len: i64,
        /// On the default bridge.
        #[serde(rename = "IPAddress")]
        pub ip_address: String,
        /// On the default bridge.
        #[serde(rename = "IPPrefixLen")]
        pub ip_prefix_len: i64,
        /// On the default bridge.
        #[serde(rename = "IPv6Gateway")]
        pub ipv6_gateway: String,
        /// On the default bridge.
        pub mac_address: String,
        /// Network name → endpoint.
        pub networks: BTreeMap<String, EndpointSettings>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_inspect_is_complete() {
        let value = serde_json::to_value(Inspect::default()).unwrap();
        for (path, expected) in [
            ("/Mounts", "[]"),
            ("/Args", "[]"),
            ("/ExecIDs", "null"),
            ("/State/OOMKilled", "false"),
            ("/HostConfig/Binds", "null"),
            ("/HostConfig/Dns", "[]"),
            ("/HostConfig/ConsoleSize", "[0,0]"),
            ("/HostConfig/BlkioDeviceReadIOps", "[]"),
            ("/HostConfig/PidsLimit", "null"),
            ("/HostConfig/UTSMode", r#""""#),
            ("/HostConfig/PortBindings", "{}"),
            ("/Config/Cmd", "null"),
            ("/Config/Labels", "{}"),
            ("/Config/OnBuild", "null"),
            ("/NetworkSettings/SecondaryIPAddresses", "null"),
            ("/NetworkSettings/Ports", "{}"),
        ] {
            assert_eq!(value.pointer(path).map(ToString::to_string).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(value.pointer("/State/Health"), None);
        assert_eq!(value.pointer("/Config/ExposedPorts"), None);
        let again: Inspect = serde_json::from_value(value).unwrap();
        assert_eq!(again, Inspect::default());
    }
}
