//! A mount of type cgroup: the container's own, whatever the host has.

use knarr_runtime_cases::{Bundle, Runtime, cases};

cases! {
    own_processes_are_seen: ["linux/cgroup-mount"],
    limits_are_read: ["linux/cgroup-mount"],
}

/// A container with its cgroups mounted read-only.
pub fn with_cgroups<'r>(runtime: &'r Runtime, script: &str) -> Bundle<'r> {
    let mut bundle = runtime.shell(script);
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]);
    bundle
}

fn own_processes_are_seen(runtime: &Runtime) {
    let script = "cat /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | sort -u | head -1";
    assert_eq!(with_cgroups(runtime, script).output(), "1\n");
}

fn limits_are_read(runtime: &Runtime) {
    let mut bundle = with_cgroups(runtime, "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null");
    bundle.set("/linux/resources/pids/limit", 77);
    assert_eq!(bundle.run().stdout, "77\n");
}
