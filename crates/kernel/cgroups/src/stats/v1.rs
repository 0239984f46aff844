//! The files of version 1.

use std::path::Path;

use super::{BlkioEntry, CpuStats, MemoryStats};
use crate::{Result, files};

/// `cpuacct.*`: everything that ever ran inside.
pub fn cpu_time(text: impl Fn(&str) -> Result<String>, cpu: &mut CpuStats) -> Result<()> {
    cpu.usage = number(&text("cpuacct.usage")?);
    cpu.user = number(&text("cpuacct.usage_user")?);
    cpu.system = number(&text("cpuacct.usage_sys")?);
    cpu.per_cpu = text("cpuacct.usage_percpu")?.split_whitespace().map(number).collect();
    Ok(())
}

/// `cpu.stat`.
pub fn throttling(text: impl Fn(&str) -> Result<String>, cpu: &mut CpuStats) -> Result<()> {
    let text = text("cpu.stat")?;
    let value = |key| files::value_of(&text, key).unwrap_or(0);
    cpu.periods = value("nr_periods");
    cpu.throttled_periods = value("nr_throttled");
    cpu.throttled = value("throttled_time");
    Ok(())
}

/// `memory.*`.
pub fn memory(text: impl Fn(&str) -> Result<String>) -> Result<MemoryStats> {
    let usage = number(&text("memory.usage_in_bytes")?);
    let with_swap = number(&text("memory.memsw.usage_in_bytes")?);
    let limit = number(&text("memory.limit_in_bytes")?);
    Ok(MemoryStats {
        usage,
        peak: number(&text("memory.max_usage_in_bytes")?),
        limit: Some(limit).filter(|limit| *limit < UNLIMITED),
        failures: number(&text("memory.failcnt")?),
        swap: with_swap.saturating_sub(usage),
        detail: files::pairs(&text("memory.stat")?).map(|(key, value)| (key.to_owned(), value)).collect(),
        v2: false,
    })
}

/// The kernel shows "unlimited" as the largest signed number of whole pages.
const UNLIMITED: u64 = (i64::MAX as u64) & !0xffff;

/// `memory.oom_control` of one folder: the count is not passed up.
pub fn oom_kills(folder: &Path) -> Result<u64> {
    let text = files::read_if_there(&folder.join("memory.oom_control"))?.unwrap_or_default();
    Ok(files::value_of(&text, "oom_kill").unwrap_or(0))
}

/// Bytes and operations: BFQ's counters where it has any, else the throttle's.
pub fn blkio(text: impl Fn(&str) -> Result<String>) -> Result<(Vec<BlkioEntry>, Vec<BlkioEntry>)> {
    let read = |what: &str| {
        for layer in ["bfq", "throttle"] {
            let entries = entries(&text(&format!("blkio.{layer}.{what}_recursive"))?);
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
        Ok::<_, crate::Error>(Vec::new())
    };
    Ok((read("io_service_bytes")?, read("io_serviced")?))
}

/// `8:0 Read 4096` lines; the grand total at the end has no device.
fn entries(text: &str) -> Vec<BlkioEntry> {
    let one = |line: &str| {
        let mut words = line.split_whitespace();
        let (major, minor) = words.next()?.split_once(':')?;
        Some(BlkioEntry {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
            operation: words.next()?.to_lowercase(),
            value: words.next()?.parse().ok()?,
        })
    };
    text.lines().filter_map(one).collect()
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lines_are_read_and_the_total_left_out() {
        let found = entries("8:0 Read 4096\n8:0 Write 0\nTotal 4096\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], BlkioEntry { major: 8, minor: 0, operation: "read".into(), value: 4096 });
    }
}
