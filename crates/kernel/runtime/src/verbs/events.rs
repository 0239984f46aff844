//! `events`: what a container uses, and that it ran out of memory, one JSON document a line.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use knarr_cgroups::{BlkioEntry, Cgroup, Stats};
use knarr_spec::Status;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

use crate::arguments::{Flag, Global, Words};
use crate::record::Record;
use crate::verbs::{Verb, print_text};
use crate::{Error, Result};

/// The command.
pub const VERB: Verb = Verb {
    name: "events",
    operands: "CONTAINER",
    about: "print what a container uses, again and again until it ends",
    flags: &[
        Flag::value("interval", 0, "DURATION", "time between two readings (5s)"),
        Flag::switch("stats", 0, "print one reading"),
    ],
    run: main,
};

const INTERVAL: Duration = Duration::from_secs(5);
/// How late an OOM event may be told.
const OOM_PAUSE: Duration = Duration::from_millis(100);

fn main(global: &Global, words: &Words) -> Result<i32> {
    let id = words.id()?;
    let interval = words.value("interval").map_or(Ok(INTERVAL), duration)?;
    let record = Record::read(&global.root, id)?;
    let process = running(&record, &global.root)?;
    let cgroup = record.cgroup()?;
    if words.has("stats") {
        return tell("stats", id, document(&cgroup.stats()?));
    }
    stream(id, &cgroup, &process, interval)
}

fn running(record: &Record, root: &Path) -> Result<OwnedFd> {
    let status = record.status(root)?;
    let process = record.process()?.filter(|_| status != Status::Stopped);
    process.ok_or_else(|| Error::Status { operation: "read events of", id: record.id.clone(), status })
}

fn stream(id: &str, cgroup: &Cgroup, process: &OwnedFd, interval: Duration) -> Result<i32> {
    let mut kills = cgroup.oom_kills()?;
    let mut next = Instant::now() + interval;
    while !ended(process, next.saturating_duration_since(Instant::now()).min(OOM_PAUSE))? {
        let now = cgroup.oom_kills()?;
        if now > kills {
            tell("oom", id, Value::Null)?;
        }
        kills = now;
        if Instant::now() >= next {
            tell("stats", id, document(&cgroup.stats()?))?;
            next = Instant::now() + interval;
        }
    }
    if cgroup.oom_kills().is_ok_and(|last| last > kills) { tell("oom", id, Value::Null) } else { Ok(0) }
}

fn ended(process: &OwnedFd, within: Duration) -> Result<bool> {
    let wait = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: within.subsec_nanos().into() };
    let ready = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&process.as_fd(), PollFlags::IN)], Some(&wait)));
    ready.map(|count| count > 0).map_err(|e| Error::io("watch", "the container's first process", e))
}

fn tell(kind: &str, id: &str, data: Value) -> Result<i32> {
    let mut event = json!({ "type": kind, "id": id });
    if !data.is_null() {
        event["data"] = data;
    }
    print_text(&format!("{event}\n"))
}

/// A reading under the names that readers of runc's events know.
fn document(stats: &Stats) -> Value {
    let (cpu, memory) = (&stats.cpu, &stats.memory);
    json!({
        "cpu": {
            "usage": { "total": cpu.usage, "percpu": cpu.per_cpu, "kernel": cpu.system, "user": cpu.user },
            "throttling": {
                "periods": cpu.periods, "throttledPeriods": cpu.throttled_periods, "throttledTime": cpu.throttled,
            },
        },
        "memory": {
            "cache": memory.detail.get(if memory.v2 { "file" } else { "cache" }),
            "usage": {
                "limit": memory.limit.unwrap_or(u64::MAX), "usage": memory.usage,
                "max": memory.peak, "failcnt": memory.failures,
            },
            "swap": { "usage": memory.swap },
            "raw": memory.detail,
        },
        "pids": { "current": stats.pids.current, "limit": stats.pids.limit.unwrap_or(0) },
        "blkio": {
            "ioServiceBytesRecursive": entries(&stats.io_bytes),
            "ioServicedRecursive": entries(&stats.io_operations),
        },
    })
}

fn entries(entries: &[BlkioEntry]) -> Vec<Value> {
    let one = |e: &BlkioEntry| json!({ "major": e.major, "minor": e.minor, "op": e.operation, "value": e.value });
    entries.iter().map(one).collect()
}

/// `5s`, `100ms`, `2m`, `1h`: one number with its unit; never nothing.
fn duration(text: &str) -> Result<Duration> {
    let wrong = || Error::Usage(format!("invalid --interval: {text:?} (examples: 5s, 100ms)"));
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..split].parse().map_err(|_| wrong())?;
    let milliseconds = match &text[split..] {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    milliseconds.filter(|ms| *ms > 0).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_a_unit_and_are_not_nothing() {
        assert_eq!(duration("100ms").unwrap(), Duration::from_millis(100));
        assert_eq!(duration("2m").unwrap(), Duration::from_secs(120));
        for bad in ["5", "0s", "-1s", "s", "1d", "99999999999999999999s", "18446744073709551615h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
