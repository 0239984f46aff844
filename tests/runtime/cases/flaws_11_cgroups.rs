//! Flaw row 11: a writable cgroup tree, also without a cgroup namespace (CVE-2023-25809).
//!
//! Guard: `cgroups::mount` shows the container's own folders only, with the attributes of the document. Seen to fail without
//! the attributes: folders can be made.

use knarr_runtime_cases::{Runtime, cases};

use crate::mount_cgroup::with_cgroups;

cases! {
    others_are_not_seen: ["linux/cgroup-mount", "flaw/11"],
    read_only_refuses_writes: ["linux/cgroup-mount", "flaw/11"],
    without_a_cgroup_namespace_others_are_not_seen_either: ["linux/cgroup-mount", "flaw/11"],
}

fn others_are_not_seen(runtime: &Runtime) {
    let script = "ls -d /sys/fs/cgroup/*/knarr-cases /sys/fs/cgroup/knarr-cases 2>/dev/null; echo none";
    assert_eq!(with_cgroups(runtime, script).output(), "none\n");
}

fn read_only_refuses_writes(runtime: &Runtime) {
    let script = "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do \
                  test -e $f && echo 1 2>/dev/null > $f && echo $f; done; \
                  for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo $d; done; echo end";
    assert_eq!(with_cgroups(runtime, script).output(), "end\n");
}

fn without_a_cgroup_namespace_others_are_not_seen_either(runtime: &Runtime) {
    let script = "ls -d /sys/fs/cgroup/*/knarr-cases /sys/fs/cgroup/knarr-cases 2>/dev/null; echo none";
    let mut bundle = with_cgroups(runtime, script);
    bundle.without_namespace("cgroup");
    assert_eq!(bundle.output(), "none\n");
}
