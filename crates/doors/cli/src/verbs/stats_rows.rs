//! The columns of `stats`.

use knarr_api::container::Stats;
use serde_json::Value;

use super::container_rows::short_id;
use crate::output::{Row, binary_size, short_size};

/// Columns and their heads.
pub(super) const HEADS: &[(&str, &str)] = &[
    ("Container", "CONTAINER"),
    ("ID", "CONTAINER ID"),
    ("Name", "NAME"),
    ("CPUPerc", "CPU %"),
    ("MemUsage", "MEM USAGE / LIMIT"),
    ("MemPerc", "MEM %"),
    ("NetIO", "NET I/O"),
    ("BlockIO", "BLOCK I/O"),
    ("PIDs", "PIDS"),
];

/// The default table.
pub(super) const TABLE: &str =
    "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

/// One container's columns.
pub(super) fn row(asked: &str, stats: &Stats, whole: bool) -> Row {
    let used = memory(stats) as f64;
    let limit = stats.memory_stats.limit as f64;
    let percent = if limit > 0.0 { used / limit * 100.0 } else { 0.0 };
    let (received, sent) = network(stats);
    let (read, written) = blocks(stats);
    let pair = |left: u64, right: u64| format!("{} / {}", short_size(left as f64), short_size(right as f64));
    let columns = [
        ("Container", asked.to_owned()),
        ("ID", if whole { stats.id.clone() } else { short_id(&stats.id) }),
        ("Name", stats.name.trim_start_matches('/').to_owned()),
        ("CPUPerc", format!("{:.2}%", cpu(stats))),
        ("MemUsage", format!("{} / {}", binary_size(used), binary_size(limit))),
        ("MemPerc", format!("{percent:.2}%")),
        ("NetIO", pair(received, sent)),
        ("BlockIO", pair(read, written)),
        ("PIDs", stats.pids_stats.current.to_string()),
    ];
    columns.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
}

/// Percent of one CPU between the two readings.
fn cpu(stats: &Stats) -> f64 {
    let (now, before) = (&stats.cpu_stats, &stats.precpu_stats);
    let used = now.cpu_usage.total_usage as f64 - before.cpu_usage.total_usage as f64;
    let all = now.system_cpu_usage as f64 - before.system_cpu_usage as f64;
    let cpus = match now.online_cpus {
        0 => now.cpu_usage.percpu_usage.len() as f64,
        cpus => f64::from(cpus),
    };
    if used > 0.0 && all > 0.0 { used / all * cpus * 100.0 } else { 0.0 }
}

/// Memory in use, without page cache that can be dropped.
fn memory(stats: &Stats) -> u64 {
    let memory = &stats.memory_stats;
    let cache = memory.stats.get("total_inactive_file").or_else(|| memory.stats.get("inactive_file"));
    cache.filter(|cache| **cache < memory.usage).map_or(memory.usage, |cache| memory.usage - cache)
}

fn network(stats: &Stats) -> (u64, u64) {
    stats.networks.values().fold((0, 0), |(rx, tx), link| (rx + link.rx_bytes, tx + link.tx_bytes))
}

fn blocks(stats: &Stats) -> (u64, u64) {
    let sum = |op: &str| {
        let entries = stats.blkio_stats.io_service_bytes_recursive.iter();
        entries.filter(|entry| entry.op.eq_ignore_ascii_case(op)).map(|entry| entry.value).sum()
    };
    (sum("read"), sum("write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_is_computed_as_docker_does() {
        let text = r#"{"id":"0123456789abcdef","name":"/web","pids_stats":{"current":3},
            "cpu_stats":{"cpu_usage":{"total_usage":300},"system_cpu_usage":2000,"online_cpus":2},
            "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},
            "memory_stats":{"usage":3145728,"limit":10485760,"stats":{"inactive_file":1048576}},
            "blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":5},{"op":"write","value":7}]},
            "networks":{"eth0":{"rx_bytes":656,"tx_bytes":1000}}}"#;
        let row = row("web", &serde_json::from_str(text).unwrap(), false);
        for (name, expected) in [
            ("CPUPerc", "40.00%"),
            ("MemUsage", "2MiB / 10MiB"),
            ("MemPerc", "20.00%"),
            ("NetIO", "656B / 1kB"),
            ("BlockIO", "5B / 7B"),
            ("PIDs", "3"),
            ("Name", "web"),
        ] {
            assert_eq!(row.column(name), expected);
        }
    }
}
