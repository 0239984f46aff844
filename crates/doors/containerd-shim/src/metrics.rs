//! What a container uses, in containerd's words for the host's version of cgroups.

use std::collections::BTreeMap;

use knarr_cgroups::{BlkioEntry, Layout, Stats, Version};

use crate::Result;
use crate::container::Container;
use crate::messages::{Any, cgroup1, cgroup2};

/// Reads a container's cgroup now.
pub fn read(container: &Container) -> Result<Any> {
    let cgroup = container.cgroup()?;
    let (stats, killed) = (cgroup.stats()?, cgroup.oom_kills()?);
    let pids = cgroup1::Pids { current: stats.pids.current, limit: stats.pids.limit.unwrap_or(0) };
    Ok(match Layout::host()?.version_of("memory") {
        Some(Version::V2) => Any::pack(cgroup2::METRICS, &version2(&stats, pids, killed)),
        _ => Any::pack(cgroup1::METRICS, &version1(&stats, pids, killed)),
    })
}

fn version1(stats: &Stats, pids: cgroup1::Pids, killed: u64) -> cgroup1::Metrics {
    let cpu = &stats.cpu;
    let usage =
        cgroup1::CpuUsage { total: cpu.usage, kernel: cpu.system, user: cpu.user, per_cpu: cpu.per_cpu.clone() };
    let throttling = cgroup1::Throttle {
        periods: cpu.periods,
        throttled_periods: cpu.throttled_periods,
        throttled_time: cpu.throttled,
    };
    let blkio = cgroup1::Blkio {
        io_service_bytes_recursive: stats.io_bytes.iter().map(entry1).collect(),
        io_serviced_recursive: stats.io_operations.iter().map(entry1).collect(),
    };
    cgroup1::Metrics {
        pids: Some(pids),
        cpu: Some(cgroup1::Cpu { usage: Some(usage), throttling: Some(throttling) }),
        memory: Some(memory1(stats)),
        blkio: Some(blkio),
        memory_oom_control: Some(cgroup1::OomControl { oom_kill: killed }),
    }
}

fn memory1(stats: &Stats) -> cgroup1::Memory {
    let memory = &stats.memory;
    let value = |key: &str| memory.detail.get(key).copied().unwrap_or(0);
    let usage = cgroup1::MemoryEntry {
        limit: memory.limit.unwrap_or(value("hierarchical_memory_limit")),
        usage: memory.usage,
        max: memory.peak,
        failcnt: memory.failures,
    };
    cgroup1::Memory {
        cache: value("cache"),
        rss: value("rss"),
        rss_huge: value("rss_huge"),
        mapped_file: value("mapped_file"),
        dirty: value("dirty"),
        writeback: value("writeback"),
        pg_pg_in: value("pgpgin"),
        pg_pg_out: value("pgpgout"),
        pg_fault: value("pgfault"),
        pg_maj_fault: value("pgmajfault"),
        inactive_anon: value("inactive_anon"),
        active_anon: value("active_anon"),
        inactive_file: value("inactive_file"),
        active_file: value("active_file"),
        unevictable: value("unevictable"),
        hierarchical_memory_limit: value("hierarchical_memory_limit"),
        hierarchical_swap_limit: value("hierarchical_memsw_limit"),
        total_cache: value("total_cache"),
        total_rss: value("total_rss"),
        total_inactive_file: value("total_inactive_file"),
        total_active_file: value("total_active_file"),
        usage: Some(usage),
        swap: Some(cgroup1::MemoryEntry { usage: memory.swap, ..Default::default() }),
    }
}

fn entry1(entry: &BlkioEntry) -> cgroup1::BlkioEntry {
    let mut letters = entry.operation.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let op = first.into_iter().chain(letters).collect();
    cgroup1::BlkioEntry { op, major: entry.major, minor: entry.minor, value: entry.value }
}

fn version2(stats: &Stats, pids: cgroup1::Pids, killed: u64) -> cgroup2::Metrics {
    let cpu = &stats.cpu;
    let cpu = cgroup2::Cpu {
        usage_usec: cpu.usage / 1000,
        user_usec: cpu.user / 1000,
        system_usec: cpu.system / 1000,
        nr_periods: cpu.periods,
        nr_throttled: cpu.throttled_periods,
        throttled_usec: cpu.throttled / 1000,
    };
    cgroup2::Metrics {
        pids: Some(pids),
        cpu: Some(cpu),
        memory: Some(memory2(stats)),
        io: Some(cgroup2::Io { usage: devices(stats) }),
        memory_events: Some(cgroup2::MemoryEvents { max: stats.memory.failures, oom_kill: killed }),
    }
}

fn memory2(stats: &Stats) -> cgroup2::Memory {
    let memory = &stats.memory;
    let value = |key: &str| memory.detail.get(key).copied().unwrap_or(0);
    cgroup2::Memory {
        anon: value("anon"),
        file: value("file"),
        kernel_stack: value("kernel_stack"),
        slab: value("slab"),
        sock: value("sock"),
        shmem: value("shmem"),
        file_mapped: value("file_mapped"),
        file_dirty: value("file_dirty"),
        file_writeback: value("file_writeback"),
        inactive_anon: value("inactive_anon"),
        active_anon: value("active_anon"),
        inactive_file: value("inactive_file"),
        active_file: value("active_file"),
        unevictable: value("unevictable"),
        pgfault: value("pgfault"),
        pgmajfault: value("pgmajfault"),
        usage: memory.usage,
        usage_limit: memory.limit.unwrap_or(u64::MAX),
        swap_usage: memory.swap,
        max_usage: memory.peak,
    }
}

/// One entry a device from one counter an operation.
fn devices(stats: &Stats) -> Vec<cgroup2::IoEntry> {
    let mut found: BTreeMap<(u64, u64), cgroup2::IoEntry> = BTreeMap::new();
    for (entries, bytes) in [(&stats.io_bytes, true), (&stats.io_operations, false)] {
        for entry in entries {
            let device = found.entry((entry.major, entry.minor)).or_insert_with(|| cgroup2::IoEntry {
                major: entry.major,
                minor: entry.minor,
                ..Default::default()
            });
            match (entry.operation.as_str(), bytes) {
                ("read", true) => device.rbytes = entry.value,
                ("write", true) => device.wbytes = entry.value,
                ("read", false) => device.rios = entry.value,
                ("write", false) => device.wios = entry.value,
                _ => {}
            }
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(operation: &str, value: u64) -> BlkioEntry {
        BlkioEntry { major: 8, minor: 1, operation: operation.to_owned(), value }
    }

    #[test]
    fn counters_of_a_device_come_together() {
        let stats = Stats {
            io_bytes: vec![entry("read", 4096), entry("write", 1)],
            io_operations: vec![entry("read", 2), entry("discard", 9)],
            ..Stats::default()
        };
        let expected = cgroup2::IoEntry { major: 8, minor: 1, rbytes: 4096, wbytes: 1, rios: 2, wios: 0 };
        assert_eq!(devices(&stats), [expected]);
        assert_eq!(entry1(&stats.io_bytes[0]).op, "Read");
    }
}
