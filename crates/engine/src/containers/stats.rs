//! `stats`: what a container uses.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use knarr_api::container::{Blkio, BlkioEntry, Cpu, CpuUsage, Memory, NetworkStats, Pids, Stats, Throttling};
use knarr_model::Result;
use tokio::sync::mpsc;

use super::{Container, Record, launch};
use crate::engine::blocking;
use crate::{Engine, Timestamp};

/// Between two readings.
const INTERVAL: Duration = Duration::from_secs(1);
/// Nanoseconds in a clock tick of `/proc/stat`.
const TICK: u64 = 10_000_000;

impl Engine {
    /// One reading, with an earlier one to compare with unless `once`.
    pub async fn stats(self: &Arc<Self>, name: &str, once: bool) -> Result<Stats> {
        let container = self.containers.find(name)?;
        if once {
            return self.reading(&container, None).await;
        }
        let first = self.reading(&container, None).await?;
        tokio::time::sleep(INTERVAL).await;
        self.reading(&container, Some(&first)).await
    }

    /// A reading each second until the client or the container goes.
    pub fn stats_stream(self: &Arc<Self>, name: &str) -> Result<mpsc::Receiver<Stats>> {
        let container = self.containers.find(name)?;
        let (sender, receiver) = mpsc::channel(1);
        let engine = self.clone();
        tokio::spawn(async move {
            let mut last: Option<Stats> = None;
            let mut life = container.life();
            loop {
                let Ok(stats) = engine.reading(&container, last.as_ref()).await else { return };
                last = Some(stats.clone());
                if sender.send(stats).await.is_err() {
                    return;
                }
                let removed = life.wait_for(|life| life.removed);
                tokio::select! {
                    () = tokio::time::sleep(INTERVAL) => {}
                    () = sender.closed() => return,
                    _ = removed => return,
                }
            }
        });
        Ok(receiver)
    }

    /// What the cgroup and the network namespace count; zeroes for a container that does not run.
    async fn reading(&self, container: &Arc<Container>, before: Option<&Stats>) -> Result<Stats> {
        let view = container.view();
        let mut stats = Stats { name: view.slashed(), id: view.id.to_string(), ..Stats::default() };
        if view.state.status.alive() {
            let cgroup = launch::cgroup_path(&self.config, &view);
            let counted = blocking(move || Ok((knarr_cgroups::Cgroup::open(&cgroup)?.stats()?, networks(&view)))).await;
            // It may have ended since.
            if let Ok((counted, networks)) = counted {
                fill(&mut stats, counted);
                stats.networks = networks;
            }
        }
        stats.read = Timestamp::now().to_string();
        stats.preread = before.map_or_else(|| Timestamp::NEVER.to_string(), |before| before.read.clone());
        stats.precpu_stats = before.map(|before| before.cpu_stats.clone()).unwrap_or_default();
        Ok(stats)
    }
}

fn fill(stats: &mut Stats, counted: knarr_cgroups::Stats) {
    let (cpu, memory) = (counted.cpu, counted.memory);
    stats.cpu_stats = Cpu {
        cpu_usage: CpuUsage {
            total_usage: cpu.usage,
            percpu_usage: cpu.per_cpu,
            usage_in_kernelmode: cpu.system,
            usage_in_usermode: cpu.user,
        },
        system_cpu_usage: host_cpu(),
        online_cpus: u32::try_from(crate::system::processors()).unwrap_or_default(),
        throttling_data: Throttling {
            periods: cpu.periods,
            throttled_periods: cpu.throttled_periods,
            throttled_time: cpu.throttled,
        },
    };
    stats.memory_stats = Memory {
        usage: memory.usage,
        max_usage: if memory.v2 { 0 } else { memory.peak },
        stats: memory.detail,
        failcnt: memory.failures,
        limit: memory.limit.unwrap_or_else(crate::system::memory),
    };
    stats.pids_stats = Pids { current: counted.pids.current, limit: counted.pids.limit.unwrap_or_default() };
    stats.blkio_stats = Blkio {
        io_service_bytes_recursive: entries(counted.io_bytes),
        io_serviced_recursive: entries(counted.io_operations),
        ..Blkio::default()
    };
}

fn entries(counted: Vec<knarr_cgroups::BlkioEntry>) -> Vec<BlkioEntry> {
    let wire = |entry: knarr_cgroups::BlkioEntry| BlkioEntry {
        major: entry.major,
        minor: entry.minor,
        op: entry.operation,
        value: entry.value,
    };
    counted.into_iter().map(wire).collect()
}

/// Nanoseconds that all CPUs of the host have worked or idled (the first line of `/proc/stat`, without guests, which are counted in
/// user time already).
fn host_cpu() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * TICK
}

/// The interfaces in the container's network namespace, but loopback.
fn networks(view: &Record) -> BTreeMap<String, NetworkStats> {
    if view.host.network_mode == "host" {
        return BTreeMap::new();
    }
    let text = fs::read_to_string(format!("/proc/{}/net/dev", view.state.pid)).unwrap_or_default();
    text.lines().filter_map(interface).filter(|(name, _)| name != "lo").collect()
}

/// A line of `/proc/<pid>/net/dev`.
fn interface(line: &str) -> Option<(String, NetworkStats)> {
    let (name, counters) = line.split_once(':')?;
    let field: Vec<u64> = counters.split_whitespace().filter_map(|text| text.parse().ok()).collect();
    let at = |index: usize| field.get(index).copied().unwrap_or_default();
    let stats = NetworkStats {
        rx_bytes: at(0),
        rx_packets: at(1),
        rx_errors: at(2),
        rx_dropped: at(3),
        tx_bytes: at(8),
        tx_packets: at(9),
        tx_errors: at(10),
        tx_dropped: at(11),
    };
    Some((name.trim().to_owned(), stats))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_read_from_their_lines() {
        let line = "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";
        let (name, stats) = interface(line).unwrap();
        assert_eq!((name.as_str(), stats.rx_bytes, stats.tx_bytes, stats.tx_dropped), ("eth0", 1, 9, 12));
        assert!(interface("Inter-|   Receive").is_none());
    }
}
