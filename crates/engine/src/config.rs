//! What a daemon is told when it starts.

use std::path::PathBuf;

use knarr_transfer::Peer;

/// The settings of one daemon. Several daemons live side by side on one machine when their roots and bridges differ.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where images, containers, volumes and metadata lie (0700, made where missing). Survives a reboot.
    pub data_root: PathBuf,
    /// Where sockets, bundles and the runtime's state lie (0700, made where missing). Empty after a reboot.
    pub exec_root: PathBuf,
    /// The default network's bridge, at most 15 bytes.
    pub bridge: String,
    /// Address and prefix of the default bridge, `172.17.0.1/16`; none lets the network room pick a free one.
    pub bip: Option<String>,
    /// MTU of the default bridge in bytes; none takes the uplink's.
    pub mtu: Option<u32>,
    /// Name servers of containers; empty takes the host's.
    pub dns: Vec<String>,
    /// Search domains of containers; empty takes the host's.
    pub dns_search: Vec<String>,
    /// `options` of containers' resolv.conf.
    pub dns_options: Vec<String>,
    /// What may change while the daemon runs.
    pub live: Live,
    /// A container's log file is rotated above this many bytes; 0 never rotates.
    pub log_max_size: u64,
    /// How many log files a container keeps, at least 1.
    pub log_max_files: u32,
    /// The sandbox's default is the industry's common one, without the tightenings of knarr's own.
    pub compat_docker: bool,
    /// Parent of containers' cgroups, below each hierarchy's root.
    pub cgroup_parent: String,
    /// The shim program, as bytes.
    pub shim: &'static [u8],
    /// Seconds a container gets between its stop signal and the kill where nobody said otherwise.
    pub stop_timeout: u32,
}

/// The settings that a running daemon follows ([`crate::Engine::reload`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// Registries (`host[:port]`) that may be spoken to in plain HTTP where they do not answer TLS; loopback ones always may.
    pub insecure_registries: Vec<String>,
    /// A PEM file with further certificate authorities for registries.
    pub registry_ca: Option<PathBuf>,
    /// Addresses of mirrors of Docker Hub.
    pub registry_mirrors: Vec<String>,
    /// Other daemons that share, asked before mirrors and registries.
    pub peers: Vec<Peer>,
    /// Folders with a folder for each registry.
    pub certs_dirs: Vec<PathBuf>,
    /// `key=value` labels of this daemon, shown by `info`.
    pub labels: Vec<String>,
    /// Whether the daemon logs for debugging, shown by `info`.
    pub debug: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_root: "/var/lib/knarr".into(),
            exec_root: "/run/knarr".into(),
            bridge: "knarr0".into(),
            bip: None,
            mtu: None,
            dns: Vec::new(),
            dns_search: Vec::new(),
            dns_options: Vec::new(),
            live: Live::default(),
            log_max_size: 10 << 20,
            log_max_files: 5,
            compat_docker: false,
            cgroup_parent: "/knarr".into(),
            shim: &[],
            stop_timeout: 10,
        }
    }
}
