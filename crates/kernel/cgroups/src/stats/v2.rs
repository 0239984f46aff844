//! The files of version 2.

use std::path::Path;

use super::{BlkioEntry, CpuStats, MemoryStats};
use crate::{Result, files};

/// `cpu.stat`, which counts in microseconds.
pub fn cpu(text: impl Fn(&str) -> Result<String>, cpu: &mut CpuStats) -> Result<()> {
    let text = text("cpu.stat")?;
    let value = |key| files::value_of(&text, key).unwrap_or(0);
    let nanoseconds = |key| value(key).saturating_mul(1000);
    cpu.usage = nanoseconds("usage_usec");
    cpu.user = nanoseconds("user_usec");
    cpu.system = nanoseconds("system_usec");
    cpu.periods = value("nr_periods");
    cpu.throttled_periods = value("nr_throttled");
    cpu.throttled = nanoseconds("throttled_usec");
    Ok(())
}

/// `memory.*`; "max" is unlimited.
pub fn memory(text: impl Fn(&str) -> Result<String>) -> Result<MemoryStats> {
    let number = |text: String| text.trim().parse::<u64>().ok();
    Ok(MemoryStats {
        usage: number(text("memory.current")?).unwrap_or(0),
        peak: number(text("memory.peak")?).unwrap_or(0),
        limit: number(text("memory.max")?),
        failures: files::value_of(&text("memory.events")?, "max").unwrap_or(0),
        swap: number(text("memory.swap.current")?).unwrap_or(0),
        detail: files::pairs(&text("memory.stat")?).map(|(key, value)| (key.to_owned(), value)).collect(),
        v2: true,
    })
}

/// `memory.events`, which counts the whole subtree.
pub fn oom_kills(folder: &Path) -> Result<u64> {
    let text = files::read_if_there(&folder.join("memory.events"))?.unwrap_or_default();
    Ok(files::value_of(&text, "oom_kill").unwrap_or(0))
}

/// `io.stat` as bytes and operations.
pub fn io(text: impl Fn(&str) -> Result<String>) -> Result<(Vec<BlkioEntry>, Vec<BlkioEntry>)> {
    let text = text("io.stat")?;
    Ok((entries(&text, "bytes"), entries(&text, "ios")))
}

/// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0` lines.
fn entries(text: &str, unit: &str) -> Vec<BlkioEntry> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some((major, minor)) = words.next().and_then(|device| device.split_once(':')) else { continue };
        let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { continue };
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            let operation = match key.strip_suffix(unit) {
                Some("r") => "read",
                Some("w") => "write",
                Some("d") => "discard",
                _ => continue,
            };
            let value = value.parse().unwrap_or(0);
            found.push(BlkioEntry { major, minor, operation: operation.to_owned(), value });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_one_entry_an_operation() {
        let text = "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n";
        let values = |unit| entries(text, unit).iter().map(|e| (e.operation.clone(), e.value)).collect::<Vec<_>>();
        assert_eq!(values("bytes"), [("read".into(), 1), ("write".into(), 2), ("discard".into(), 5)]);
        assert_eq!(values("ios"), [("read".into(), 3), ("write".into(), 4), ("discard".into(), 6)]);
    }
}
