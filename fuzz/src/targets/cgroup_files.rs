//! The files of cgroups, whatever is in them: nothing overflows or grows, and numbers written as the kernel writes them are
//! read as they were.

use std::path::PathBuf;

use arbitrary::{Result, Unstructured};
use knarr_cgroups::{Hierarchy, Layout, Stats, Version};

/// What is read of either version, in the order in which the bytes give it.
const FILES: &[&str] = &[
    "cpuacct.usage",
    "cpuacct.usage_percpu",
    "cpu.stat",
    "memory.usage_in_bytes",
    "memory.memsw.usage_in_bytes",
    "memory.limit_in_bytes",
    "memory.stat",
    "memory.current",
    "memory.max",
    "memory.events",
    "pids.current",
    "pids.max",
    "blkio.bfq.io_service_bytes_recursive",
    "blkio.throttle.io_serviced_recursive",
    "io.stat",
];

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<&str> = text.split('\0').collect();
    let file = |name: &str| FILES.iter().position(|known| *known == name).and_then(|at| texts.get(at));
    for layout in [version_1(), version_2()] {
        let read = || Stats::of(&layout, |_, name| Ok(file(name).copied().unwrap_or_default().to_owned()));
        let stats = read().expect("nothing fails here");
        assert_eq!(read().ok().as_ref(), Some(&stats));
        assert!(stats.memory.without_cache() <= stats.memory.usage);
        assert!(stats.io_bytes.len() + stats.io_operations.len() + stats.cpu.per_cpu.len() <= text.len());
    }
    if let Ok(numbers) = <[u64; 8]>::try_from(numbers(&mut Unstructured::new(data)).unwrap_or_default()) {
        written_by_version_1(numbers);
        written_by_version_2(numbers);
    }
}

fn numbers(bytes: &mut Unstructured<'_>) -> Result<Vec<u64>> {
    (0..8).map(|_| bytes.arbitrary()).collect()
}

fn layout(version: Version, controllers: &[&str]) -> Layout {
    let controllers = controllers.iter().map(|name| (*name).to_owned()).collect();
    Layout { hierarchies: vec![Hierarchy { version, mount: PathBuf::from("/sys/fs/cgroup"), controllers }] }
}

fn version_1() -> Layout {
    layout(Version::V1, &["cpu", "cpuacct", "memory", "pids", "blkio"])
}

fn version_2() -> Layout {
    layout(Version::V2, &["cpu", "memory", "pids", "io"])
}

fn written_by_version_1([a, b, c, d, e, f, g, h]: [u64; 8]) {
    let text = |_: &str, file: &str| {
        Ok(match file {
            "cpuacct.usage" => format!("{a}\n"),
            "cpuacct.usage_percpu" => format!("{b} {c} \n"),
            "cpu.stat" => format!("nr_periods {d}\nnr_throttled {e}\nthrottled_time {f}\n"),
            "memory.usage_in_bytes" => format!("{g}\n"),
            "memory.stat" => format!("cache 1\ntotal_inactive_file {h}\n"),
            "pids.max" => "max\n".to_owned(),
            "blkio.throttle.io_service_bytes_recursive" => format!("8:0 Read {a}\n8:16 Write {b}\nTotal {c}\n"),
            _ => String::new(),
        })
    };
    let stats = Stats::of(&version_1(), text).expect("nothing fails here");
    assert_eq!((stats.cpu.usage, stats.cpu.per_cpu), (a, vec![b, c]));
    assert_eq!([stats.cpu.periods, stats.cpu.throttled_periods, stats.cpu.throttled], [d, e, f]);
    assert_eq!((stats.memory.usage, stats.memory.without_cache()), (g, g.saturating_sub(h)));
    assert_eq!((stats.memory.limit, stats.pids.limit), (Some(0), None));
    let io: Vec<_> = stats.io_bytes.iter().map(|io| (io.minor, io.operation.as_str(), io.value)).collect();
    assert_eq!(io, [(0, "read", a), (16, "write", b)]);
}

fn written_by_version_2([a, b, c, d, e, f, g, h]: [u64; 8]) {
    let text = |_: &str, file: &str| {
        Ok(match file {
            "cpu.stat" => format!("usage_usec {a}\nuser_usec {b}\nsystem_usec {c}\nnr_periods {d}\n"),
            "memory.current" => format!("{e}\n"),
            "memory.max" => format!("{f}\n"),
            "memory.stat" => format!("anon 5\ninactive_file {g}\n"),
            "pids.max" => format!("{h}\n"),
            "io.stat" => format!("8:0 rbytes={a} wbytes={b} rios={c} wios={d} dbytes={e} dios={f}\n"),
            _ => String::new(),
        })
    };
    let stats = Stats::of(&version_2(), text).expect("nothing fails here");
    let expected = [a, b, c].map(|microseconds| u128::from(microseconds) * 1000);
    let expected = expected.map(|nanoseconds| u64::try_from(nanoseconds).unwrap_or(u64::MAX));
    assert_eq!([stats.cpu.usage, stats.cpu.user, stats.cpu.system], expected);
    assert_eq!((stats.memory.usage, stats.memory.limit, stats.pids.limit), (e, Some(f), Some(h)));
    assert_eq!(stats.memory.without_cache(), e.saturating_sub(g));
    let values = |entries: &[knarr_cgroups::BlkioEntry]| entries.iter().map(|io| io.value).collect::<Vec<_>>();
    assert_eq!((values(&stats.io_bytes), values(&stats.io_operations)), (vec![a, b, e], vec![c, d, f]));
}
