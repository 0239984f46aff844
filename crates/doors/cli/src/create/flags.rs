//! The flags that `run` and `create` share.

use clap::Args;

use crate::spec;

/// The flags that `run` and `create` share.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CreateFlags {
    /// Add a line "host:address" to /etc/hosts
    #[arg(long, value_name = "HOST:IP", value_parser = spec::extra_host)]
    pub(super) add_host: Vec<String>,
    /// Hand an annotation to the runtime
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) annotation: Vec<String>,
    /// Attach to stdin, stdout or stderr
    #[arg(short, long, value_name = "STREAM", value_parser = spec::stream)]
    pub(crate) attach: Vec<String>,
    /// Relative weight of block input and output, 10 to 1000
    #[arg(long, value_name = "N")]
    pub(super) blkio_weight: Option<u16>,
    /// The same for one device
    #[arg(long, value_name = "DEVICE:N", value_parser = spec::weight)]
    pub(super) blkio_weight_device: Vec<knarr_api::container::WeightDevice>,
    /// Add a capability
    #[arg(long, value_name = "CAP")]
    pub(super) cap_add: Vec<String>,
    /// Take a capability away; ALL for all
    #[arg(long, value_name = "CAP")]
    pub(super) cap_drop: Vec<String>,
    /// Parent cgroup
    #[arg(long, value_name = "PATH")]
    pub(super) cgroup_parent: Option<String>,
    /// Cgroup namespace: host or private
    #[arg(long, value_name = "MODE")]
    pub(super) cgroupns: Option<String>,
    /// Write the container's id to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) cidfile: Option<String>,
    /// Length of a CPU period in microseconds
    #[arg(long, value_name = "N")]
    pub(super) cpu_period: Option<i64>,
    /// Microseconds of CPU in a period
    #[arg(long, value_name = "N")]
    pub(super) cpu_quota: Option<i64>,
    /// Relative weight of CPU time
    #[arg(short, long, value_name = "N")]
    pub(super) cpu_shares: Option<i64>,
    /// Number of CPUs, for example 1.5
    #[arg(long, value_name = "N", value_parser = spec::cpus)]
    pub(super) cpus: Option<i64>,
    /// Length of a real-time period in microseconds
    #[arg(long, value_name = "N")]
    pub(super) cpu_rt_period: Option<i64>,
    /// Microseconds of real-time CPU in a period
    #[arg(long, value_name = "N")]
    pub(super) cpu_rt_runtime: Option<i64>,
    /// CPUs it may run on, for example 0-2,4
    #[arg(long, value_name = "LIST")]
    pub(super) cpuset_cpus: Option<String>,
    /// Memory nodes it may use
    #[arg(long, value_name = "LIST")]
    pub(super) cpuset_mems: Option<String>,
    /// Give it a device of the host
    #[arg(long, value_name = "PATH[:PATH[:rwm]]", value_parser = spec::device)]
    pub(super) device: Vec<spec::Device>,
    /// Add a rule to the list of allowed devices, for example "c 1:3 rwm"
    #[arg(long, value_name = "RULE")]
    pub(super) device_cgroup_rule: Vec<String>,
    /// Limit reading from a device, bytes a second
    #[arg(long, value_name = "DEVICE:RATE", value_parser = spec::throttle_bps)]
    pub(super) device_read_bps: Vec<knarr_api::container::ThrottleDevice>,
    /// Limit reading from a device, operations a second
    #[arg(long, value_name = "DEVICE:RATE", value_parser = spec::throttle_iops)]
    pub(super) device_read_iops: Vec<knarr_api::container::ThrottleDevice>,
    /// Limit writing to a device, bytes a second
    #[arg(long, value_name = "DEVICE:RATE", value_parser = spec::throttle_bps)]
    pub(super) device_write_bps: Vec<knarr_api::container::ThrottleDevice>,
    /// Limit writing to a device, operations a second
    #[arg(long, value_name = "DEVICE:RATE", value_parser = spec::throttle_iops)]
    pub(super) device_write_iops: Vec<knarr_api::container::ThrottleDevice>,
    /// Name server
    #[arg(long, value_name = "IP")]
    pub(super) dns: Vec<String>,
    /// Option of resolv.conf
    #[arg(long, visible_alias = "dns-opt", value_name = "OPTION")]
    pub(super) dns_option: Vec<String>,
    /// Search domain
    #[arg(long, value_name = "DOMAIN")]
    pub(super) dns_search: Vec<String>,
    /// Domain name
    #[arg(long, value_name = "NAME")]
    pub(super) domainname: Option<String>,
    /// Program to run in place of the image's entrypoint
    #[arg(long, value_name = "PROGRAM")]
    pub(super) entrypoint: Option<String>,
    /// Set an environment variable; a name alone takes its value from here
    #[arg(short, long, value_name = "NAME[=VALUE]", value_parser = spec::variable)]
    pub(super) env: Vec<String>,
    /// Read environment variables from a file
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Vec<String>,
    /// Expose a port, or a range of ports
    #[arg(long, value_name = "PORT[-PORT][/PROTO]")]
    pub(super) expose: Vec<String>,
    /// Supplementary group
    #[arg(long, value_name = "GROUP")]
    pub(super) group_add: Vec<String>,
    /// Command that checks its health
    #[arg(long, value_name = "COMMAND")]
    pub(super) health_cmd: Option<String>,
    /// Time between checks
    #[arg(long, value_name = "TIME", value_parser = spec::duration)]
    pub(super) health_interval: Option<i64>,
    /// Failures in a row until it is unhealthy
    #[arg(long, value_name = "N")]
    pub(super) health_retries: Option<i64>,
    /// Time between checks while it starts
    #[arg(long, value_name = "TIME", value_parser = spec::duration)]
    pub(super) health_start_interval: Option<i64>,
    /// Time it has to start
    #[arg(long, value_name = "TIME", value_parser = spec::duration)]
    pub(super) health_start_period: Option<i64>,
    /// Time a check may take
    #[arg(long, value_name = "TIME", value_parser = spec::duration)]
    pub(super) health_timeout: Option<i64>,
    /// Host name
    #[arg(short = 'h', long, value_name = "NAME")]
    pub(super) hostname: Option<String>,
    /// Run an init as first process, which forwards signals and reaps
    #[arg(long)]
    pub(super) init: bool,
    /// Keep stdin open
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// IPv4 address
    #[arg(long, value_name = "IP")]
    pub(super) ip: Option<String>,
    /// IPv6 address
    #[arg(long, value_name = "IP")]
    pub(super) ip6: Option<String>,
    /// IPC namespace: private, shareable, host, none or container:ID
    #[arg(long, value_name = "MODE")]
    pub(super) ipc: Option<String>,
    /// Set a label
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = spec::label)]
    pub(super) label: Vec<String>,
    /// Read labels from a file
    #[arg(long, value_name = "FILE")]
    pub(super) label_file: Vec<String>,
    /// Link to another container
    #[arg(long, value_name = "CONTAINER[:ALIAS]")]
    pub(super) link: Vec<String>,
    /// Where its output goes
    #[arg(long, value_name = "DRIVER")]
    pub(super) log_driver: Option<String>,
    /// Option of the log driver
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) log_opt: Vec<String>,
    /// MAC address
    #[arg(long, value_name = "MAC")]
    pub(super) mac_address: Option<String>,
    /// Memory limit, for example 512m
    #[arg(short, long, value_name = "BYTES", value_parser = spec::size)]
    pub(super) memory: Option<i64>,
    /// Soft memory limit
    #[arg(long, value_name = "BYTES", value_parser = spec::size)]
    pub(super) memory_reservation: Option<i64>,
    /// Limit of memory and swap together; -1: no limit
    #[arg(long, value_name = "BYTES", value_parser = spec::size_or_unlimited)]
    pub(super) memory_swap: Option<i64>,
    /// How readily memory is swapped, 0 to 100
    #[arg(long, value_name = "N")]
    pub(super) memory_swappiness: Option<i64>,
    /// Mount something, for example type=bind,source=/a,target=/b,readonly
    #[arg(long, value_name = "FIELDS", value_parser = spec::mount)]
    pub(super) mount: Vec<knarr_api::container::Mount>,
    /// Name of the container
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Network: bridge, none, host, container:ID or a name
    #[arg(long, visible_alias = "net", value_name = "NETWORK", value_parser = spec::network)]
    pub(super) network: Vec<spec::Network>,
    /// Name on the network
    #[arg(long, visible_alias = "net-alias", value_name = "NAME")]
    pub(super) network_alias: Vec<String>,
    /// No health check, whatever the image says
    #[arg(long)]
    pub(super) no_healthcheck: bool,
    /// No OOM kill
    #[arg(long)]
    pub(super) oom_kill_disable: bool,
    /// How readily it is killed for memory, -1000 to 1000
    #[arg(long, value_name = "N")]
    pub(super) oom_score_adj: Option<i64>,
    /// PID namespace: host or container:ID
    #[arg(long, value_name = "MODE")]
    pub(super) pid: Option<String>,
    /// Limit of processes; -1: no limit
    #[arg(long, value_name = "N")]
    pub(super) pids_limit: Option<i64>,
    /// Platform of the image, for example linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    /// All capabilities and devices, no confinement
    #[arg(long)]
    pub(super) privileged: bool,
    /// Publish a port on the host
    #[arg(short, long, value_name = "[[IP:]PORT:]PORT[/PROTO]")]
    pub(super) publish: Vec<String>,
    /// Publish all exposed ports on free ports of the host
    #[arg(short = 'P', long)]
    pub(super) publish_all: bool,
    /// Pull the image: always, missing or never
    #[arg(long, value_name = "WHEN", default_value = "missing")]
    pub(crate) pull: String,
    /// No output while pulling
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Root file system read-only
    #[arg(long)]
    pub(super) read_only: bool,
    /// When to start it again: no, on-failure, on-failure:N, always, unless-stopped
    #[arg(long, value_name = "POLICY", value_parser = spec::restart_policy)]
    pub(super) restart: Option<knarr_api::container::RestartPolicy>,
    /// Remove it, and its anonymous volumes, when it ends
    #[arg(long)]
    pub(crate) rm: bool,
    /// Restore the industry's common sandbox where ours is tighter (the security option compat=docker)
    #[arg(long, value_name = "ENGINE", value_parser = ["docker"])]
    pub(super) compat: Option<String>,
    /// OCI runtime
    #[arg(long, value_name = "NAME")]
    pub(super) runtime: Option<String>,
    /// Security option, for example no-new-privileges or seccomp=FILE
    #[arg(long, value_name = "OPTION")]
    pub(super) security_opt: Vec<String>,
    /// Size of /dev/shm
    #[arg(long, value_name = "BYTES", value_parser = spec::size)]
    pub(super) shm_size: Option<i64>,
    /// Signal that asks it to stop
    #[arg(long, value_name = "SIGNAL")]
    pub(super) stop_signal: Option<String>,
    /// Seconds between that signal and SIGKILL
    #[arg(long, value_name = "SECONDS")]
    pub(super) stop_timeout: Option<i64>,
    /// Option of the storage driver
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) storage_opt: Vec<String>,
    /// Kernel parameter of its namespaces
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) sysctl: Vec<String>,
    /// Mount a tmpfs
    #[arg(long, value_name = "PATH[:OPTIONS]")]
    pub(super) tmpfs: Vec<String>,
    /// Give it a terminal
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Resource limit
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = spec::ulimit)]
    pub(super) ulimit: Vec<knarr_api::container::Ulimit>,
    /// User, and group, by name or number
    #[arg(short, long, value_name = "USER[:GROUP]")]
    pub(super) user: Option<String>,
    /// User namespace: host or nothing
    #[arg(long, value_name = "MODE")]
    pub(super) userns: Option<String>,
    /// UTS namespace: host or nothing
    #[arg(long, value_name = "MODE")]
    pub(super) uts: Option<String>,
    /// Mount a volume or a folder of the host
    #[arg(short, long, value_name = "[SOURCE:]TARGET[:OPTIONS]")]
    pub(super) volume: Vec<String>,
    /// Driver of its volumes
    #[arg(long, value_name = "DRIVER")]
    pub(super) volume_driver: Option<String>,
    /// Mount what another container has mounted
    #[arg(long, value_name = "CONTAINER[:ro]")]
    pub(super) volumes_from: Vec<String>,
    /// Working folder
    #[arg(short, long, value_name = "PATH")]
    pub(super) workdir: Option<String>,
}
