//! Time namespaces.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    is_new: ["linux/namespaces-new"] Ours("runc has it since 1.2, crun since 1.9"),
    the_boot_clock_is_set: ["linux/time-offsets"] Ours("runc has it since 1.2, crun since 1.9"),
    both_clocks_are_set: ["linux/time-offsets"] Ours("runc has it since 1.2, crun since 1.9"),
    exec_sees_the_same_clock: ["linux/time-offsets", "cli/exec"] Ours("runc has it since 1.2, crun since 1.9"),
    offsets_need_a_namespace: ["linux/time-offsets"] Ours("runc has it since 1.2, crun since 1.9"),
    an_unknown_clock_is_refused: ["linux/time-offsets"] Ours("runc has it since 1.2, crun since 1.9"),
    is_joined_by_its_file: ["linux/namespaces-path"] Ours("runc has it since 1.2, crun since 1.9"),
}

fn is_new(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/readlink", "/proc/self/ns/time"]);
    bundle.namespace("time", None);
    let own = std::fs::read_link("/proc/self/ns/time").unwrap().display().to_string();
    assert_ne!(bundle.output().trim(), own);
}

fn uptime(text: &str) -> f64 {
    text.split(' ').next().unwrap().parse().unwrap()
}

fn the_boot_clock_is_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/uptime"]);
    bundle.namespace("time", None);
    bundle.set("/linux/timeOffsets", json!({ "boottime": { "secs": 1_000_000 } }));
    assert!(uptime(&bundle.output()) > 1_000_000.0);
}

fn both_clocks_are_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/timens_offsets"]);
    bundle.namespace("time", None);
    let offsets = json!({ "boottime": { "secs": 7, "nanosecs": 5 }, "monotonic": { "secs": -3, "nanosecs": 9 } });
    bundle.set("/linux/timeOffsets", offsets);
    let words: Vec<String> = bundle.output().split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, ["monotonic", "-3", "9", "boottime", "7", "5"]);
}

fn exec_sees_the_same_clock(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.namespace("time", None);
    bundle.set("/linux/timeOffsets", json!({ "boottime": { "secs": 1_000_000 } }));
    bundle.start();
    assert!(uptime(&bundle.exec_shell("cat /proc/uptime")) > 1_000_000.0);
}

fn offsets_need_a_namespace(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/timeOffsets", json!({ "boottime": { "secs": 7 } }));
    bundle.cannot_run();
}

fn an_unknown_clock_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.namespace("time", None);
    bundle.set("/linux/timeOffsets", json!({ "sundial": { "secs": 7 } }));
    bundle.cannot_run();
}

fn is_joined_by_its_file(runtime: &Runtime) {
    let mut other = runtime.program(&["/bin/sleep", "1000"]);
    other.namespace("time", None);
    other.start();
    let path = format!("/proc/{}/ns/time", other.pid());
    let mut bundle = runtime.program(&["/bin/readlink", "/proc/self/ns/time"]);
    bundle.namespace("time", Some(&path));
    assert_eq!(bundle.output().trim(), std::fs::read_link(&path).unwrap().display().to_string());
}
