//! Flaw row 3: a joining process that can be inspected from inside (CVE-2016-9962).
//!
//! Guard: `enter::not_inspectable`, before the namespaces are joined. Seen to fail without it: the watcher reads the
//! root of the process that joins.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    nothing_of_a_joining_process_is_read: ["flaw/3"],
}

/// Looks, as fast as it can, for a process whose root or descriptors lead to the host.
const WATCH: &str = "touch /etc/ready; while :; do for p in /proc/[0-9]*; do \
                     test -e $p/root/usr/bin/env && echo $p root >> /etc/seen; \
                     for f in $p/fd/*; do test -e $f/usr/bin/env && echo $f >> /etc/seen; done; done; done 2>/dev/null";

fn nothing_of_a_joining_process_is_read(runtime: &Runtime) {
    let bundle = runtime.shell(WATCH);
    bundle.start();
    bundle.until_there("etc/ready");
    for _ in 0..20 {
        bundle.exec(&["/bin/true"]).ok();
    }
    assert_eq!(bundle.read("rootfs/etc/seen"), "");
}
