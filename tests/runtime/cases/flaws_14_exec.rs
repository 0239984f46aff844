//! Flaw row 14: `exec` with more rights than the container (CVE-2025-27612).
//!
//! Guard: `exec::process` starts from the container's own process. Seen to fail with all capabilities in its place.

use knarr_runtime_cases::{Runtime, capability_sets, cases};

cases! {
    exec_has_no_more_than_the_container: ["flaw/14"],
}

fn exec_has_no_more_than_the_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let own = capability_sets(&std::fs::read_to_string(format!("/proc/{}/status", bundle.pid())).unwrap());
    let exec = capability_sets(&bundle.exec_shell("cat /proc/self/status"));
    (0..5).for_each(|set| assert_eq!(exec[set] & !own[set], 0, "set {set}"));
}
