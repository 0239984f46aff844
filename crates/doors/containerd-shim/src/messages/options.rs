//! `containerd.runc.v1`: the options that containerd's clients give a runtime of runc's kind.

/// `containerd.runc.v1.Options`; what concerns runc's own program, its folder and CRIU has no meaning here.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Options {
    #[prost(bool, tag = "1")]
    pub no_pivot_root: bool,
    #[prost(bool, tag = "2")]
    pub no_new_keyring: bool,
    #[prost(string, tag = "3")]
    pub shim_cgroup: String,
    #[prost(uint32, tag = "4")]
    pub io_uid: u32,
    #[prost(uint32, tag = "5")]
    pub io_gid: u32,
    #[prost(bool, tag = "9")]
    pub systemd_cgroup: bool,
}

/// `containerd.runc.v1.ProcessDetails`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ProcessDetails {
    #[prost(string, tag = "1")]
    pub exec_id: String,
}

/// The name of [`Options`].
pub const OPTIONS: &str = "containerd.runc.v1.Options";
/// The name of [`ProcessDetails`].
pub const PROCESS_DETAILS: &str = "containerd.runc.v1.ProcessDetails";
