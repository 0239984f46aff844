//! Flaw rows 13 and 14: capabilities that are inheritable without being asked for, and `exec` with more than the
//! container (CVE-2022-24769, CVE-2025-27612).
//!
//! Guards: `identity::assume` sets exactly the five sets; `exec::add_capabilities` adds to three of them. Seen to fail
//! with the inheritable set filled from the permitted one.

use knarr_runtime_cases::{Runtime, capability_sets, cases};

cases! {
    run_inherits_none: ["flaw/13"],
    exec_inherits_none: ["flaw/13"],
    exec_with_an_added_one_inherits_none: ["flaw/13"] Ours("runc 1.1 makes it ambient, too"),
    exec_has_no_more_than_the_container: ["flaw/14"],
}

fn run_inherits_none(runtime: &Runtime) {
    let sets = capability_sets(&runtime.program(&["/bin/cat", "/proc/self/status"]).output());
    assert_eq!((sets[0], sets[4]), (0, 0));
}

fn exec_inherits_none(runtime: &Runtime) {
    let sets = capability_sets(&runtime.sleeper().exec_shell("cat /proc/self/status"));
    assert_eq!((sets[0], sets[4]), (0, 0));
}

fn exec_with_an_added_one_inherits_none(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let status = bundle.ok(&["exec", "--cap", "CAP_NET_RAW", bundle.id(), "cat", "/proc/self/status"]);
    let sets = capability_sets(&status);
    assert_eq!((sets[0], sets[4]), (0, 0));
}

fn exec_has_no_more_than_the_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let own = capability_sets(&std::fs::read_to_string(format!("/proc/{}/status", bundle.pid())).unwrap());
    let exec = capability_sets(&bundle.exec_shell("cat /proc/self/status"));
    (0..5).for_each(|set| assert_eq!(exec[set] & !own[set], 0, "set {set}"));
}
