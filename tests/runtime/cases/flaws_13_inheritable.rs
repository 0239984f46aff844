//! Flaw row 13: capabilities that are inheritable without being asked for (CVE-2022-24769).
//!
//! Guards: `identity::assume` sets exactly the five sets; `exec::add_capabilities` adds to three of them. Seen to fail
//! with the inheritable set filled from the permitted one.

use knarr_runtime_cases::{Runtime, capability_sets, cases};

cases! {
    run_inherits_none: ["flaw/13"],
    exec_inherits_none: ["flaw/13"],
    exec_with_an_added_one_inherits_none: ["flaw/13"] Ours("runc 1.1 makes it ambient, too"),
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
