//! `process.rlimits`.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::{Value, json};

cases! {
    soft_and_hard_are_set: ["config/rlimits"],
    each_kind_is_known: ["config/rlimits"],
    unlimited_is_the_largest_number: ["config/rlimits"],
    an_unknown_kind_is_refused: ["config/rlimits-unknown"],
    a_kind_twice_is_refused: ["config/rlimits-twice"] Ours("runc and crun take the last"),
    a_soft_limit_above_the_hard_one_is_refused: ["config/rlimits"],
    exec_has_them_too: ["config/rlimits", "cli/exec"],
    the_kernel_enforces_them: ["config/rlimits"],
}

/// Name in the document, name in `/proc/self/limits`.
const KINDS: [(&str, &str); 16] = [
    ("RLIMIT_CPU", "Max cpu time"), ("RLIMIT_FSIZE", "Max file size"), ("RLIMIT_DATA", "Max data size"),
    ("RLIMIT_STACK", "Max stack size"), ("RLIMIT_CORE", "Max core file size"), ("RLIMIT_RSS", "Max resident set"),
    ("RLIMIT_NPROC", "Max processes"), ("RLIMIT_NOFILE", "Max open files"), ("RLIMIT_MEMLOCK", "Max locked memory"),
    ("RLIMIT_AS", "Max address space"), ("RLIMIT_LOCKS", "Max file locks"), ("RLIMIT_SIGPENDING", "Max pending signals"),
    ("RLIMIT_MSGQUEUE", "Max msgqueue size"), ("RLIMIT_NICE", "Max nice priority"),
    ("RLIMIT_RTPRIO", "Max realtime priority"), ("RLIMIT_RTTIME", "Max realtime timeout"),
];

fn limit(kind: &str, soft: u64, hard: u64) -> Value {
    json!({ "type": kind, "soft": soft, "hard": hard })
}

fn found(limits: &str, shown: &str) -> [String; 2] {
    let line = limits.lines().find(|line| line.starts_with(shown)).unwrap_or_else(|| panic!("no {shown}: {limits}"));
    let mut words = line[shown.len()..].split_whitespace();
    [words.next().unwrap().to_owned(), words.next().unwrap().to_owned()]
}

fn soft_and_hard_are_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/limits"]);
    bundle.set("/process/rlimits", json!([limit("RLIMIT_SIGPENDING", 100, 200)]));
    assert_eq!(found(&bundle.output(), "Max pending signals"), ["100", "200"]);
}

/// One below the host's own hard limit, or a number: raising it would need a right that a host may lack.
fn each_kind_is_known(runtime: &Runtime) {
    let host = std::fs::read_to_string("/proc/self/limits").unwrap();
    let hard = |shown: &str| found(&host, shown)[1].parse::<u64>().unwrap_or(1 << 40);
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/limits"]);
    for (kind, shown) in KINDS {
        let most = hard(shown);
        bundle.push("/process/rlimits", limit(kind, most / 2, most));
    }
    let limits = bundle.output();
    for (kind, shown) in KINDS {
        let most = hard(shown);
        assert_eq!(found(&limits, shown), [(most / 2).to_string(), most.to_string()], "{kind}");
    }
}

fn unlimited_is_the_largest_number(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/limits"]);
    bundle.set("/process/rlimits", json!([limit("RLIMIT_CPU", u64::MAX, u64::MAX)]));
    assert_eq!(found(&bundle.output(), "Max cpu time"), ["unlimited", "unlimited"]);
}

fn an_unknown_kind_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    for kind in ["RLIMIT_LUCK", "NOFILE", ""] {
        bundle.set("/process/rlimits", json!([limit(kind, 1, 1)]));
        bundle.cannot_run();
    }
}

fn a_kind_twice_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/rlimits", json!([limit("RLIMIT_NOFILE", 100, 200), limit("RLIMIT_NOFILE", 50, 60)]));
    bundle.cannot_run();
}

fn a_soft_limit_above_the_hard_one_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/rlimits", json!([limit("RLIMIT_NOFILE", 200, 100)]));
    bundle.cannot_run();
}

/// Not of open files: those of runc 1.1 are raised by the Go that it is made with, now and then.
fn exec_has_them_too(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/process/rlimits", json!([limit("RLIMIT_SIGPENDING", 100, 200)]));
    bundle.start();
    assert_eq!(found(&bundle.exec_shell("cat /proc/self/limits"), "Max pending signals"), ["100", "200"]);
}

fn the_kernel_enforces_them(runtime: &Runtime) {
    let mut bundle = runtime.shell("head -c 5000 /dev/zero > /etc/file; stat -c %s /etc/file");
    bundle.set("/process/rlimits", json!([limit("RLIMIT_FSIZE", 1000, 1000)]));
    let outcome = bundle.run();
    assert_eq!(outcome.stdout, "1000\n", "{outcome:?}");
}
