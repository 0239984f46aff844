//! `io.containerd.cgroups.v2`: what a cgroup of version 2 uses.

/// The name of [`Metrics`].
pub const METRICS: &str = "io.containerd.cgroups.v2.Metrics";

#[derive(Clone, PartialEq, prost::Message)]
pub struct Metrics {
    #[prost(message, optional, tag = "1")]
    pub pids: Option<super::cgroup1::Pids>,
    #[prost(message, optional, tag = "2")]
    pub cpu: Option<Cpu>,
    #[prost(message, optional, tag = "4")]
    pub memory: Option<Memory>,
    #[prost(message, optional, tag = "6")]
    pub io: Option<Io>,
    #[prost(message, optional, tag = "8")]
    pub memory_events: Option<MemoryEvents>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Cpu {
    #[prost(uint64, tag = "1")]
    pub usage_usec: u64,
    #[prost(uint64, tag = "2")]
    pub user_usec: u64,
    #[prost(uint64, tag = "3")]
    pub system_usec: u64,
    #[prost(uint64, tag = "4")]
    pub nr_periods: u64,
    #[prost(uint64, tag = "5")]
    pub nr_throttled: u64,
    #[prost(uint64, tag = "6")]
    pub throttled_usec: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Memory {
    #[prost(uint64, tag = "1")]
    pub anon: u64,
    #[prost(uint64, tag = "2")]
    pub file: u64,
    #[prost(uint64, tag = "3")]
    pub kernel_stack: u64,
    #[prost(uint64, tag = "4")]
    pub slab: u64,
    #[prost(uint64, tag = "5")]
    pub sock: u64,
    #[prost(uint64, tag = "6")]
    pub shmem: u64,
    #[prost(uint64, tag = "7")]
    pub file_mapped: u64,
    #[prost(uint64, tag = "8")]
    pub file_dirty: u64,
    #[prost(uint64, tag = "9")]
    pub file_writeback: u64,
    #[prost(uint64, tag = "11")]
    pub inactive_anon: u64,
    #[prost(uint64, tag = "12")]
    pub active_anon: u64,
    #[prost(uint64, tag = "13")]
    pub inactive_file: u64,
    #[prost(uint64, tag = "14")]
    pub active_file: u64,
    #[prost(uint64, tag = "15")]
    pub unevictable: u64,
    #[prost(uint64, tag = "18")]
    pub pgfault: u64,
    #[prost(uint64, tag = "19")]
    pub pgmajfault: u64,
    #[prost(uint64, tag = "32")]
    pub usage: u64,
    #[prost(uint64, tag = "33")]
    pub usage_limit: u64,
    #[prost(uint64, tag = "34")]
    pub swap_usage: u64,
    #[prost(uint64, tag = "36")]
    pub max_usage: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MemoryEvents {
    #[prost(uint64, tag = "3")]
    pub max: u64,
    #[prost(uint64, tag = "5")]
    pub oom_kill: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Io {
    #[prost(message, repeated, tag = "1")]
    pub usage: Vec<IoEntry>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct IoEntry {
    #[prost(uint64, tag = "1")]
    pub major: u64,
    #[prost(uint64, tag = "2")]
    pub minor: u64,
    #[prost(uint64, tag = "3")]
    pub rbytes: u64,
    #[prost(uint64, tag = "4")]
    pub wbytes: u64,
    #[prost(uint64, tag = "5")]
    pub rios: u64,
    #[prost(uint64, tag = "6")]
    pub wios: u64,
}
