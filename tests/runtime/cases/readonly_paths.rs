//! `readonlyPaths`.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_folder_takes_no_writes: ["linux/readonly-paths"],
    a_file_takes_no_writes: ["linux/readonly-paths"],
    parts_of_proc_take_no_writes: ["linux/readonly-paths"],
    one_that_is_not_there_is_passed_over: ["linux/readonly-paths"],
    a_relative_one_is_refused: ["linux/readonly-paths"] Ours("runc and crun take it"),
    mounts_below_take_no_writes_either: ["linux/readonly-paths"] Ours("runc and crun close the one mount only"),
    flags_of_the_mount_stay: ["linux/readonly-paths"],
}

fn a_folder_takes_no_writes(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /fixed/file; touch /fixed/x 2>/dev/null || echo refused");
    bundle.folder("rootfs/fixed");
    bundle.write("rootfs/fixed/file", "here\n");
    bundle.set("/linux/readonlyPaths", json!(["/fixed"]));
    assert_eq!(bundle.output(), "here\nrefused\n");
}

fn a_file_takes_no_writes(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo x 2>/dev/null > /etc/data || echo refused; echo y > /etc/other; cat /etc/other");
    bundle.set("/linux/readonlyPaths", json!(["/etc/data"]));
    assert_eq!(bundle.output(), "refused\ny\n");
}

fn parts_of_proc_take_no_writes(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo 1 2>/dev/null > /proc/sys/net/ipv4/ip_forward || echo refused");
    bundle.set("/linux/readonlyPaths", json!(["/proc/sys"]));
    assert_eq!(bundle.output(), "refused\n");
}

fn one_that_is_not_there_is_passed_over(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    bundle.set("/linux/readonlyPaths", json!(["/no/such/path"]));
    assert_eq!(bundle.output(), "ran\n");
}

fn a_relative_one_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/readonlyPaths", json!(["etc/data"]));
    bundle.cannot_run();
}

fn mounts_below_take_no_writes_either(runtime: &Runtime) {
    let mut bundle = runtime.shell("touch /fixed/sub/x 2>/dev/null || echo refused");
    bundle.mount("/fixed/sub", "tmpfs", "tmpfs", &[]);
    bundle.set("/linux/readonlyPaths", json!(["/fixed"]));
    assert_eq!(bundle.output(), "refused\n");
}

fn flags_of_the_mount_stay(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    bundle.mount("/fixed", "tmpfs", "tmpfs", &["nosuid", "nodev", "noexec"]);
    bundle.set("/linux/readonlyPaths", json!(["/fixed"]));
    let line = knarr_runtime_cases::MountLine::at(&bundle.output(), "/fixed");
    assert!(["ro", "nosuid", "nodev", "noexec"].iter().all(|option| line.has(option)), "{line:?}");
}
