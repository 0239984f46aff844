//! What a cgroup uses, as `GET /containers/{id}/stats` wants it.

mod v1;
mod v2;

use std::collections::BTreeMap;

use crate::{Cgroup, Layout, Result, Version, files};

/// A reading of all controllers; a controller that the host lacks reads as zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// CPU time.
    pub cpu: CpuStats,
    /// Memory.
    pub memory: MemoryStats,
    /// Tasks.
    pub pids: PidsStats,
    /// Bytes moved, by device and operation (`read`, `write`, …).
    pub io_bytes: Vec<BlkioEntry>,
    /// Operations done, by device and operation.
    pub io_operations: Vec<BlkioEntry>,
}

/// CPU time; all times in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// All.
    pub usage: u64,
    /// In user mode.
    pub user: u64,
    /// In kernel mode.
    pub system: u64,
    /// By CPU; empty on v2.
    pub per_cpu: Vec<u64>,
    /// Periods that have passed under a quota.
    pub periods: u64,
    /// Periods in which the quota was used up.
    pub throttled_periods: u64,
    /// Time spent waiting for the next period.
    pub throttled: u64,
}

/// Memory in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// In use, page cache included.
    pub usage: u64,
    /// Most ever in use; 0 where the kernel does not tell.
    pub peak: u64,
    /// The limit; none when unlimited.
    pub limit: Option<u64>,
    /// How often the limit was hit (v1).
    pub failures: u64,
    /// Swap in use.
    pub swap: u64,
    /// `memory.stat`, key by key.
    pub detail: BTreeMap<String, u64>,
    /// Whether the numbers come from v2, which names the keys of `detail` differently.
    pub v2: bool,
}

impl MemoryStats {
    /// What `docker stats` shows: use without the page cache that can go at any time.
    pub fn without_cache(&self) -> u64 {
        let key = if self.v2 { "inactive_file" } else { "total_inactive_file" };
        self.usage.saturating_sub(self.detail.get(key).copied().unwrap_or(0))
    }
}

/// Tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PidsStats {
    /// Now.
    pub current: u64,
    /// At most; none when unlimited.
    pub limit: Option<u64>,
}

/// A counter of one device and operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlkioEntry {
    /// Major number.
    pub major: u64,
    /// Minor number.
    pub minor: u64,
    /// `read`, `write`, `sync`, `async`, `discard`, `total`.
    pub operation: String,
    /// Bytes or operations.
    pub value: u64,
}

impl Stats {
    /// From the files of a cgroup: `text` gives the text of a file in the folder of the hierarchy that governs a
    /// controller, an empty one where there is no such file.
    pub fn of(layout: &Layout, text: impl Fn(&str, &str) -> Result<String>) -> Result<Self> {
        let text = &text;
        let of = |controller: &'static str| {
            let hierarchy = layout.of(controller)?;
            Some((hierarchy.version, move |file: &str| text(controller, file)))
        };
        let mut stats = Self::default();
        if let Some((Version::V1, files)) = of("cpuacct") {
            v1::cpu_time(files, &mut stats.cpu)?;
        }
        match of("cpu") {
            Some((Version::V1, files)) => v1::throttling(files, &mut stats.cpu)?,
            Some((Version::V2, files)) => v2::cpu(files, &mut stats.cpu)?,
            None => {}
        }
        match of("memory") {
            Some((Version::V1, files)) => stats.memory = v1::memory(files)?,
            Some((Version::V2, files)) => stats.memory = v2::memory(files)?,
            None => {}
        }
        if let Some((_, files)) = of("pids") {
            stats.pids = pids(files)?;
        }
        match (of("blkio"), of("io")) {
            (Some((_, files)), _) => (stats.io_bytes, stats.io_operations) = v1::blkio(files)?,
            (None, Some((_, files))) => (stats.io_bytes, stats.io_operations) = v2::io(files)?,
            (None, None) => {}
        }
        Ok(stats)
    }
}

impl Cgroup {
    /// Reads all controllers now.
    pub fn stats(&self) -> Result<Stats> {
        Stats::of(self.layout, |controller, file| {
            let Some((_, folder)) = self.of(controller) else { return Ok(String::new()) };
            Ok(files::read_if_there(&folder.join(file))?.unwrap_or_default())
        })
    }

    /// How many processes the kernel has killed for want of memory, here and below.
    pub fn oom_kills(&self) -> Result<u64> {
        let Some((version, folder)) = self.of("memory") else { return Ok(0) };
        match version {
            Version::V1 => {
                let counts = files::tree(&folder)?.into_iter().map(|inner| v1::oom_kills(&inner));
                counts.sum()
            }
            Version::V2 => v2::oom_kills(&folder),
        }
    }
}

fn pids(text: impl Fn(&str) -> Result<String>) -> Result<PidsStats> {
    let current = text("pids.current")?.trim().parse().unwrap_or(0);
    Ok(PidsStats { current, limit: text("pids.max")?.trim().parse().ok() })
}
