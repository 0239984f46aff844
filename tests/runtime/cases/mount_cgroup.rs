//! A mount of type cgroup: the container's own, whatever the host has.

use knarr_runtime_cases::{Bundle, Runtime, cases};

cases! {
    others_are_not_seen: ["linux/cgroup-mount", "flaw/11"],
    own_processes_are_seen: ["linux/cgroup-mount"],
    read_only_refuses_writes: ["linux/cgroup-mount", "flaw/11"],
    limits_are_read: ["linux/cgroup-mount"],
    without_a_cgroup_namespace_others_are_not_seen_either: ["linux/cgroup-mount", "flaw/11"],
}

fn with_cgroups<'r>(runtime: &'r Runtime, script: &str) -> Bundle<'r> {
    let mut bundle = runtime.shell(script);
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]);
    bundle
}

fn others_are_not_seen(runtime: &Runtime) {
    let script = "ls -d /sys/fs/cgroup/*/knarr-cases /sys/fs/cgroup/knarr-cases 2>/dev/null; echo none";
    assert_eq!(with_cgroups(runtime, script).output(), "none\n");
}

fn own_processes_are_seen(runtime: &Runtime) {
    let script = "cat /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | sort -u | head -1";
    assert_eq!(with_cgroups(runtime, script).output(), "1\n");
}

fn read_only_refuses_writes(runtime: &Runtime) {
    let script = "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do \
                  test -e $f && echo 1 2>/dev/null > $f && echo $f; done; \
                  for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo $d; done; echo end";
    assert_eq!(with_cgroups(runtime, script).output(), "end\n");
}

fn limits_are_read(runtime: &Runtime) {
    let mut bundle = with_cgroups(runtime, "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null");
    bundle.set("/linux/resources/pids/limit", 77);
    assert_eq!(bundle.run().stdout, "77\n");
}

fn without_a_cgroup_namespace_others_are_not_seen_either(runtime: &Runtime) {
    let script = "ls -d /sys/fs/cgroup/*/knarr-cases /sys/fs/cgroup/knarr-cases 2>/dev/null; echo none";
    let mut bundle = with_cgroups(runtime, script);
    bundle.without_namespace("cgroup");
    assert_eq!(bundle.output(), "none\n");
}
