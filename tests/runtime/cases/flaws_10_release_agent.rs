//! Flaw row 10: the release agent of version 1 hierarchies (CVE-2022-0492).
//!
//! Guard: without CAP_SYS_ADMIN nothing is mounted or unshared, and what the container sees is read-only. Seen to fail with
//! the cgroups mounted writable.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    no_release_agent_can_be_set: ["flaw/10"],
}

fn no_release_agent_can_be_set(runtime: &Runtime) {
    let script = "for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release; do \
                  (echo 1 > $f) 2>/dev/null && echo $f; done; \
                  mount -t cgroup -o memory cgroup /tmp 2>/dev/null && echo mounted; \
                  unshare -m true 2>/dev/null && echo unshared; true";
    let mut bundle = runtime.shell(script);
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]);
    assert_eq!(bundle.output(), "");
}
