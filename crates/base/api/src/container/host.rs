//! `HostConfig`: what the host does for a container.

use std::collections::BTreeMap;

use crate::wire::{is_default, null_when_empty, wire};

/// One entry of `Binds`: `source:target[:options]`, uninterpreted.
pub type Bind = String;

wire! {
    /// The part of a container's configuration that belongs to this host.
    #[serde(rename_all = "PascalCase")]
    pub struct HostConfig {
        /// `source:target[:options]`.
        #[serde(serialize_with = "null_when_empty")]
        pub binds: Vec<Bind>,
        /// A file the id is written to (the client does it).
        #[serde(rename = "ContainerIDFile")]
        pub container_id_file: String,
        /// Where its output goes.
        pub log_config: LogConfig,
        /// `default`, `bridge`, `none`, `host`, `container:ID` or a network's name.
        pub network_mode: String,
        /// `80/tcp` → where on the host; a `null` value means none.
        pub port_bindings: BTreeMap<String, Option<Vec<PortBinding>>>,
        /// When it is started again.
        pub restart_policy: RestartPolicy,
        /// Remove it when it ends.
        pub auto_remove: bool,
        /// Driver of its anonymous volumes.
        pub volume_driver: String,
        /// Containers whose mounts it gets too, `ID[:ro|rw]`.
        #[serde(serialize_with = "null_when_empty")]
        pub volumes_from: Vec<String>,
        /// Rows and columns of the first terminal.
        pub console_size: [u32; 2],
        /// Free annotations, handed to the runtime.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub annotations: BTreeMap<String, String>,
        /// Capabilities added to the default.
        #[serde(serialize_with = "null_when_empty")]
        pub cap_add: Vec<String>,
        /// Capabilities taken away; `ALL` for all.
        #[serde(serialize_with = "null_when_empty")]
        pub cap_drop: Vec<String>,
        /// `private`, `host` or empty for the daemon's default.
        pub cgroupns_mode: String,
        /// Name servers.
        pub dns: Vec<String>,
        /// Options of `resolv.conf`.
        pub dns_options: Vec<String>,
        /// Search domains.
        pub dns_search: Vec<String>,
        /// `name:address` for `/etc/hosts`.
        #[serde(serialize_with = "null_when_empty")]
        pub extra_hosts: Vec<String>,
        /// Supplementary groups.
        #[serde(serialize_with = "null_when_empty")]
        pub group_add: Vec<String>,
        /// `none`, `private`, `shareable`, `host`, `container:ID` or empty.
        pub ipc_mode: String,
        /// Unused by Docker.
        pub cgroup: String,
        /// `container:alias`.
        #[serde(serialize_with = "null_when_empty")]
        pub links: Vec<String>,
        /// -1000 to 1000.
        pub oom_score_adj: i64,
        /// `host`, `container:ID` or empty.
        pub pid_mode: String,
        /// Every capability and device, no confinement.
        pub privileged: bool,
        /// Publish all exposed ports on free host ports.
        pub publish_all_ports: bool,
        /// Root file system read-only.
        pub readonly_rootfs: bool,
        /// `seccomp=…`, `no-new-privileges`, …
        #[serde(serialize_with = "null_when_empty")]
        pub security_opt: Vec<String>,
        /// Options of the storage driver.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub storage_opt: BTreeMap<String, String>,
        /// Path → mount options.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub tmpfs: BTreeMap<String, String>,
        /// `host` or empty.
        #[serde(rename = "UTSMode")]
        pub uts_mode: String,
        /// `host` or empty.
        pub userns_mode: String,
        /// Bytes of `/dev/shm`; 0: 64 MiB.
        pub shm_size: i64,
        /// Kernel parameters of its namespaces.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub sysctls: BTreeMap<String, String>,
        /// Name of the OCI runtime.
        pub runtime: String,
        /// Windows only.
        pub isolation: String,
        /// Relative weight; 0: 1024.
        pub cpu_shares: i64,
        /// Bytes; 0: unlimited.
        pub memory: i64,
        /// 10^-9 CPUs; 0: unlimited.
        pub nano_cpus: i64,
        /// Parent cgroup.
        pub cgroup_parent: String,
        /// 10 to 1000; 0: default.
        pub blkio_weight: u16,
        /// Weights by device.
        pub blkio_weight_device: Vec<WeightDevice>,
        /// Bytes a second.
        pub blkio_device_read_bps: Vec<ThrottleDevice>,
        /// Bytes a second.
        pub blkio_device_write_bps: Vec<ThrottleDevice>,
        /// Operations a second.
        #[serde(rename = "BlkioDeviceReadIOps")]
        pub blkio_device_read_iops: Vec<ThrottleDevice>,
        /// Operations a second.
        #[serde(rename = "BlkioDeviceWriteIOps")]
        pub blkio_device_write_iops: Vec<ThrottleDevice>,
        /// Microseconds of a CFS period.
        pub cpu_period: i64,
        /// Microseconds of CPU in a period; -1: unlimited.
        pub cpu_quota: i64,
        /// Microseconds.
        pub cpu_realtime_period: i64,
        /// Microseconds.
        pub cpu_realtime_runtime: i64,
        /// `0-3,5`.
        pub cpuset_cpus: String,
        /// `0-1`.
        pub cpuset_mems: String,
        /// Host devices.
        pub devices: Vec<DeviceMapping>,
        /// Rules such as `c 1:3 rwm`.
        #[serde(serialize_with = "null_when_empty")]
        pub device_cgroup_rules: Vec<String>,
        /// GPUs and CDI devices.
        #[serde(serialize_with = "null_when_empty")]
        pub device_requests: Vec<DeviceRequest>,
        /// Bytes, soft.
        pub memory_reservation: i64,
        /// Memory and swap in bytes; 0: twice the memory, -1: unlimited swap.
        pub memory_swap: i64,
        /// 0 to 100; none or -1: the host's.
        pub memory_swappiness: Option<i64>,
        /// No OOM kill.
        pub oom_kill_disable: Option<bool>,
        /// Run tini as pid 1; none: the daemon's default.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub init: Option<bool>,
        /// Processes; 0, -1 or none: the daemon's default.
        pub pids_limit: Option<i64>,
        /// Resource limits.
        pub ulimits: Vec<Ulimit>,
        /// Windows only.
        pub cpu_count: i64,
        /// Windows only.
        pub cpu_percent: i64,
        /// Windows only.
        #[serde(rename = "IOMaximumIOps")]
        pub io_maximum_iops: i64,
        /// Windows only.
        #[serde(rename = "IOMaximumBandwidth")]
        pub io_maximum_bandwidth: i64,
        /// Mounts in the long form (`--mount`).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub mounts: Vec<Mount>,
        /// Paths hidden from it; none: the default set, empty: no path.
        pub masked_paths: Option<Vec<String>>,
        /// Paths made read-only; none: the default set, empty: no path.
        pub readonly_paths: Option<Vec<String>>,
    }

    /// Where output goes.
    #[serde(rename_all = "PascalCase")]
    pub struct LogConfig {
        /// `json-file`, `none`, …; empty: the daemon's default.
        #[serde(rename = "Type")]
        pub kind: String,
        /// Options of the driver.
        pub config: BTreeMap<String, String>,
    }

    /// When a container is started again.
    #[serde(rename_all = "PascalCase")]
    pub struct RestartPolicy {
        /// Empty, `no`, `always`, `unless-stopped` or `on-failure`.
        pub name: String,
        /// For `on-failure`; 0: no maximum.
        pub maximum_retry_count: i64,
    }

    /// One host side of a published port.
    #[serde(rename_all = "PascalCase")]
    pub struct PortBinding {
        /// Empty: all addresses.
        pub host_ip: String,
        /// Empty: a free one; `8000-8010`: a free one of these.
        pub host_port: String,
    }

    /// A limit of one block device.
    #[serde(rename_all = "PascalCase")]
    pub struct ThrottleDevice {
        /// Path of the device.
        pub path: String,
        /// Bytes or operations a second.
        pub rate: u64,
    }

    /// A weight of one block device.
    #[serde(rename_all = "PascalCase")]
    pub struct WeightDevice {
        /// Path of the device.
        pub path: String,
        /// 10 to 1000.
        pub weight: u16,
    }

    /// A host device in the container.
    #[serde(rename_all = "PascalCase")]
    pub struct DeviceMapping {
        /// Path on the host.
        pub path_on_host: String,
        /// Path in the container.
        pub path_in_container: String,
        /// Of `rwm`.
        pub cgroup_permissions: String,
    }

    /// A wish for devices by capability.
    #[serde(rename_all = "PascalCase")]
    pub struct DeviceRequest {
        /// Name of the driver.
        pub driver: String,
        /// How many; -1: all.
        pub count: i64,
        /// Which ones.
        #[serde(rename = "DeviceIDs")]
        pub device_ids: Vec<String>,
        /// Alternatives of capabilities that must come together.
        pub capabilities: Vec<Vec<String>>,
        /// Options of the driver.
        pub options: BTreeMap<String, String>,
    }

    /// One resource limit.
    #[serde(rename_all = "PascalCase")]
    pub struct Ulimit {
        /// `nofile`, `core`, …
        pub name: String,
        /// Hard limit; -1: unlimited.
        pub hard: i64,
        /// Soft limit; -1: unlimited.
        pub soft: i64,
    }

    /// A mount in the long form.
    #[serde(rename_all = "PascalCase")]
    pub struct Mount {
        /// `bind`, `volume` or `tmpfs`.
        #[serde(rename = "Type")]
        pub kind: String,
        /// A host path, or a volume's name.
        #[serde(skip_serializing_if = "is_default")]
        pub source: String,
        /// Where in the container.
        pub target: String,
        /// Read-only.
        #[serde(skip_serializing_if = "is_default")]
        pub read_only: bool,
        /// `consistent` and kin: no meaning on Linux.
        #[serde(skip_serializing_if = "is_default")]
        pub consistency: String,
        /// For `bind`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bind_options: Option<BindOptions>,
        /// For `volume`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub volume_options: Option<VolumeOptions>,
        /// For `tmpfs`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tmpfs_options: Option<TmpfsOptions>,
    }

    /// Options of a bind mount.
    #[serde(rename_all = "PascalCase")]
    pub struct BindOptions {
        /// `rprivate`, `rshared`, `rslave` and the non-recursive ones.
        #[serde(skip_serializing_if = "is_default")]
        pub propagation: String,
        /// Leave out what is mounted below the source.
        #[serde(skip_serializing_if = "is_default")]
        pub non_recursive: bool,
        /// Make the source folder when it is not there.
        #[serde(skip_serializing_if = "is_default")]
        pub create_mountpoint: bool,
        /// Read-only, but not what is mounted below it.
        #[serde(skip_serializing_if = "is_default")]
        pub read_only_non_recursive: bool,
        /// Fail where it cannot be read-only all the way down.
        #[serde(skip_serializing_if = "is_default")]
        pub read_only_force_recursive: bool,
    }

    /// Options of a volume mount.
    #[serde(rename_all = "PascalCase")]
    pub struct VolumeOptions {
        /// Do not fill it from the image.
        #[serde(skip_serializing_if = "is_default")]
        pub no_copy: bool,
        /// Labels of a new volume.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub labels: BTreeMap<String, String>,
        /// A folder of the volume.
        #[serde(skip_serializing_if = "is_default")]
        pub subpath: String,
        /// Driver of a new volume.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub driver_config: Option<crate::volume::DriverConfig>,
    }

    /// Options of a tmpfs.
    #[serde(rename_all = "PascalCase")]
    pub struct TmpfsOptions {
        /// Bytes; 0: unlimited.
        #[serde(skip_serializing_if = "is_default")]
        pub size_bytes: i64,
        /// Mode of its root.
        #[serde(skip_serializing_if = "is_default")]
        pub mode: u32,
    }
}
