//! CPU time and CPU sets.

use knarr_spec::Cpu;

use super::Write;
use crate::{Error, Result, Version};

/// The writes of one cpu section. Shares, quota and period of 0 mean "not given".
pub fn writes(cpu: &Cpu, version: Version) -> Result<Vec<Write>> {
    let mut writes = match version {
        Version::V1 => v1(cpu),
        Version::V2 => v2(cpu)?,
    };
    writes.extend(cpu.idle.map(|value| Write::limit("cpu", "cpu.idle", value)));
    let sets = [("cpuset.cpus", &cpu.cpus), ("cpuset.mems", &cpu.mems)];
    let asked = sets.iter().filter(|(_, list)| !list.is_empty());
    writes.extend(asked.map(|(file, list)| Write::limit("cpuset", *file, list)));
    Ok(writes)
}

fn v1(cpu: &Cpu) -> Vec<Write> {
    let mut writes = Vec::new();
    let mut put = |file: &str, value: Option<String>| writes.extend(value.map(|v| Write::limit("cpu", file, v)));
    put("cpu.shares", cpu.shares.filter(|v| *v != 0).map(|v| v.to_string()));
    put("cpu.cfs_period_us", cpu.period.filter(|v| *v != 0).map(|v| v.to_string()));
    put("cpu.cfs_quota_us", cpu.quota.filter(|v| *v > 0).map(|v| v.to_string()));
    put("cpu.cfs_burst_us", cpu.burst.map(|v| v.to_string()));
    put("cpu.rt_period_us", cpu.realtime_period.filter(|v| *v != 0).map(|v| v.to_string()));
    put("cpu.rt_runtime_us", cpu.realtime_runtime.filter(|v| *v != 0).map(|v| v.to_string()));
    if cpu.quota.is_some_and(|quota| quota < 0) {
        writes.push(Write::unlimited("cpu", "cpu.cfs_quota_us", -1));
    }
    writes
}

fn v2(cpu: &Cpu) -> Result<Vec<Write>> {
    if cpu.realtime_runtime.is_some_and(|v| v != 0) || cpu.realtime_period.is_some_and(|v| v != 0) {
        return Err(Error::Limit("real-time cpu", "cgroup version 2 does not have it".to_owned()));
    }
    let mut writes = Vec::new();
    writes.extend(cpu.shares.filter(|v| *v != 0).map(|v| Write::limit("cpu", "cpu.weight", weight(v))));
    writes.extend(bandwidth(cpu.quota.unwrap_or(0), cpu.period.unwrap_or(0)));
    writes.extend(cpu.burst.map(|v| Write::limit("cpu", "cpu.max.burst", v)));
    Ok(writes)
}

/// `cpu.max`: a quota alone keeps the period that is set.
fn bandwidth(quota: i64, period: u64) -> Option<Write> {
    match (quota, period) {
        (0, 0) => None,
        (..=0, 0) => Some(Write::unlimited("cpu", "cpu.max", "max")),
        (..=0, period) => Some(Write::unlimited("cpu", "cpu.max", format!("max {period}"))),
        (quota, 0) => Some(Write::limit("cpu", "cpu.max", quota)),
        (quota, period) => Some(Write::limit("cpu", "cpu.max", format!("{quota} {period}"))),
    }
}

/// Shares (2 to 262144, default 1024) as a weight (1 to 10000, default 100), along the curve that meets all three
/// points: log10 w = (l² + 125 l) / 612 − 7/34 with l = log2 shares.
pub fn weight(shares: u64) -> u64 {
    match shares {
        ..=2 => 1,
        262_144.. => 10_000,
        _ => {
            let l = (shares as f64).log2();
            10f64.powf((l * l + 125.0 * l) / 612.0 - 7.0 / 34.0).ceil() as u64
        }
    }
}
