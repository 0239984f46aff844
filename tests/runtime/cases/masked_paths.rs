//! `maskedPaths`.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    a_file_is_empty_and_takes_no_writes: ["linux/masked-paths"],
    a_folder_is_empty_and_closed: ["linux/masked-paths"],
    one_that_is_not_there_is_passed_over: ["linux/masked-paths"],
    parts_of_proc_are_masked: ["linux/masked-paths"],
    a_relative_one_is_refused: ["linux/masked-paths"] Ours("runc and crun take it"),
    exec_sees_the_mask: ["linux/masked-paths"],
    a_file_below_a_mount_is_masked: ["linux/masked-paths"],
    hundreds_are_masked: ["linux/masked-paths"],
}

fn a_file_is_empty_and_takes_no_writes(runtime: &Runtime) {
    let mut bundle = runtime.shell("wc -c < /etc/secret; echo written > /etc/secret; wc -c < /etc/secret");
    bundle.write("rootfs/etc/secret", "secret");
    bundle.set("/linux/maskedPaths", json!(["/etc/secret"]));
    assert_eq!(bundle.output(), "0\n0\n");
    assert_eq!(bundle.read("rootfs/etc/secret"), "secret");
}

fn a_folder_is_empty_and_closed(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls -A /hidden | wc -l; touch /hidden/x 2>/dev/null || echo closed");
    bundle.folder("rootfs/hidden");
    bundle.write("rootfs/hidden/file", "x");
    bundle.set("/linux/maskedPaths", json!(["/hidden"]));
    assert_eq!(bundle.output(), "0\nclosed\n");
}

fn one_that_is_not_there_is_passed_over(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls -d /no /etc/passwd/x 2>/dev/null; echo ran");
    bundle.set("/linux/maskedPaths", json!(["/no/such/path", "/no", "/proc/no-such-file"]));
    assert_eq!(bundle.output(), "ran\n");
}

fn parts_of_proc_are_masked(runtime: &Runtime) {
    let mut bundle = runtime.shell("wc -c < /proc/timer_list; ls -A /sys/firmware | wc -l");
    bundle.set("/linux/maskedPaths", json!(["/proc/timer_list", "/sys/firmware"]));
    assert_eq!(bundle.output(), "0\n0\n");
}

fn a_relative_one_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/maskedPaths", json!(["etc/secret"]));
    bundle.cannot_run();
}

fn exec_sees_the_mask(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/linux/maskedPaths", json!(["/etc/data"]));
    bundle.start();
    assert_eq!(bundle.exec_shell("wc -c < /etc/data"), "0\n");
}

fn a_file_below_a_mount_is_masked(runtime: &Runtime) {
    let mut bundle = runtime.shell("wc -c < /data/secret");
    let source = bundle.folder("source");
    bundle.write("source/secret", "secret");
    bundle.mount("/data", "bind", &source, &["rbind"]);
    bundle.set("/linux/maskedPaths", json!(["/data/secret"]));
    assert_eq!(bundle.output(), "0\n");
    assert_eq!(bundle.read("source/secret"), "secret");
}

fn hundreds_are_masked(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /etc/secrets/* | wc -c");
    bundle.folder("rootfs/etc/secrets");
    for number in 0..200 {
        bundle.write(&format!("rootfs/etc/secrets/{number}"), "secret");
        bundle.push("/linux/maskedPaths", format!("/etc/secrets/{number}"));
    }
    assert_eq!(bundle.output(), "0\n");
}
