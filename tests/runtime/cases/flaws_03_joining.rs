//! Flaw row 3: a joining process that can be inspected from inside (CVE-2016-9962).
//!
//! Guard: `enter::not_inspectable`, before the namespaces are joined. Seen to fail without it: the watcher reads the
//! program of the process that joins.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    nothing_of_a_joining_process_is_read: ["flaw/3"],
}

/// Looks, as fast as it can, for a process whose program is none of the container's. It is looked at once more: one that
/// has ended meanwhile is none.
const WATCH: &str = "touch /etc/ready; while :; do for p in /proc/[0-9]*; do test -e $p/exe && ! test $p/exe -ef /bin/busybox && \
                     test -e $p/exe && echo $p >> /etc/seen; done; done 2>/dev/null";

/// The joining process looks for its program along a path of thousands of folders: with the container's rights already,
/// and still the runtime's program.
fn nothing_of_a_joining_process_is_read(runtime: &Runtime) {
    let bundle = runtime.shell(WATCH);
    bundle.start();
    bundle.until_there("etc/ready");
    let path = format!("PATH={}/bin", "/no/such/folder:".repeat(7000));
    for _ in 0..5 {
        bundle.ok(&["exec", "--env", &path, bundle.id(), "true"]);
    }
    assert_eq!(bundle.read("rootfs/etc/seen"), "");
}
