//! `GET /containers/ID/stats`: one document a second, or one in all.

use std::collections::BTreeMap;

use crate::wire::{is_default, wire};

wire! {
    /// One reading.
    pub struct Stats {
        /// RFC 3339.
        pub read: String,
        /// When the reading before it was made.
        pub preread: String,
        /// Processes.
        pub pids_stats: Pids,
        /// Block input and output.
        pub blkio_stats: Blkio,
        /// Windows only.
        pub num_procs: u32,
        /// Windows only.
        pub storage_stats: BTreeMap<String, u64>,
        /// CPU now.
        pub cpu_stats: Cpu,
        /// CPU at the reading before.
        pub precpu_stats: Cpu,
        /// Memory.
        pub memory_stats: Memory,
        /// With a slash in front.
        pub name: String,
        /// 64 hex digits.
        pub id: String,
        /// Interface → counters.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub networks: BTreeMap<String, NetworkStats>,
    }

    /// Processes.
    pub struct Pids {
        /// How many there are.
        #[serde(skip_serializing_if = "is_default")]
        pub current: u64,
        /// How many there may be.
        #[serde(skip_serializing_if = "is_default")]
        pub limit: u64,
    }

    /// CPU.
    pub struct Cpu {
        /// The container's use.
        pub cpu_usage: CpuUsage,
        /// The host's use, nanoseconds.
        #[serde(skip_serializing_if = "is_default")]
        pub system_cpu_usage: u64,
        /// CPUs of the host.
        #[serde(skip_serializing_if = "is_default")]
        pub online_cpus: u32,
        /// How a limit has bitten.
        pub throttling_data: Throttling,
    }

    /// Nanoseconds of CPU.
    pub struct CpuUsage {
        /// All.
        pub total_usage: u64,
        /// By CPU (cgroup v1 only).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub percpu_usage: Vec<u64>,
        /// In the kernel.
        pub usage_in_kernelmode: u64,
        /// Outside it.
        pub usage_in_usermode: u64,
    }

    /// How a CPU limit has bitten.
    pub struct Throttling {
        /// Periods so far.
        pub periods: u64,
        /// Of them throttled.
        pub throttled_periods: u64,
        /// Nanoseconds.
        pub throttled_time: u64,
    }

    /// Memory in bytes.
    pub struct Memory {
        /// In use, page cache included.
        #[serde(skip_serializing_if = "is_default")]
        pub usage: u64,
        /// The most it ever was (cgroup v1 only).
        #[serde(skip_serializing_if = "is_default")]
        pub max_usage: u64,
        /// The fields of `memory.stat`.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub stats: BTreeMap<String, u64>,
        /// How often the limit was hit (cgroup v1 only).
        #[serde(skip_serializing_if = "is_default")]
        pub failcnt: u64,
        /// The limit, or the host's memory.
        #[serde(skip_serializing_if = "is_default")]
        pub limit: u64,
    }

    /// Block input and output.
    pub struct Blkio {
        /// Bytes.
        pub io_service_bytes_recursive: Vec<BlkioEntry>,
        /// Operations.
        pub io_serviced_recursive: Vec<BlkioEntry>,
        /// Operations waiting.
        pub io_queue_recursive: Vec<BlkioEntry>,
        /// Nanoseconds.
        pub io_service_time_recursive: Vec<BlkioEntry>,
        /// Nanoseconds.
        pub io_wait_time_recursive: Vec<BlkioEntry>,
        /// Operations.
        pub io_merged_recursive: Vec<BlkioEntry>,
        /// Nanoseconds.
        pub io_time_recursive: Vec<BlkioEntry>,
        /// Sectors.
        pub sectors_recursive: Vec<BlkioEntry>,
    }

    /// One counter of one device.
    pub struct BlkioEntry {
        /// Major number.
        pub major: u64,
        /// Minor number.
        pub minor: u64,
        /// `read`, `write`, …
        pub op: String,
        /// The count.
        pub value: u64,
    }

    /// Counters of one interface.
    pub struct NetworkStats {
        /// Received.
        pub rx_bytes: u64,
        /// Received.
        pub rx_packets: u64,
        /// Received.
        pub rx_errors: u64,
        /// Received.
        pub rx_dropped: u64,
        /// Sent.
        pub tx_bytes: u64,
        /// Sent.
        pub tx_packets: u64,
        /// Sent.
        pub tx_errors: u64,
        /// Sent.
        pub tx_dropped: u64,
    }
}
