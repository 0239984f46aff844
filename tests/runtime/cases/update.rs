//! `update`: limits of a living container.

use std::process::Stdio;

use knarr_runtime_cases::{Bundle, Runtime, by_version, cases, cgroup_file};
use serde_json::json;

cases! {
    pids: ["cli/update"],
    memory: ["cli/update"],
    memory_and_swap: ["cli/update"],
    reservation: ["cli/update"],
    cpu_quota_and_period: ["cli/update"],
    cpu_share: ["cli/update"],
    cpuset: ["cli/update"],
    resources_from_a_file: ["cli/update"],
    resources_from_standard_input: ["cli/update"],
    what_is_not_given_stays: ["cli/update"],
    an_unknown_container_is_refused: ["cli/update"],
    a_value_that_is_no_number_is_refused: ["cli/update"],
    a_wrong_document_is_refused: ["cli/update"],
    a_paused_container_is_updated: ["cli/update"],
    a_created_container_is_updated: ["cli/update"],
    memory_can_be_raised_and_lowered: ["cli/update"],
    devices_stay_as_they_are: ["cli/update"],
}

fn sleeper(runtime: &Runtime) -> Bundle<'_> {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let memory = json!({ "limit": 64 << 20, "swap": 128 << 20 });
    bundle.set("/linux/resources/memory", memory);
    bundle.set("/linux/resources/pids/limit", 20);
    bundle.start();
    bundle
}

fn updated(runtime: &Runtime, words: &[&str], file: &str) -> String {
    let bundle = sleeper(runtime);
    let words: Vec<&str> = ["update"].iter().chain(words).copied().chain([bundle.id()]).collect();
    bundle.ok(&words);
    cgroup_file(bundle.id(), file)
}

fn pids(runtime: &Runtime) {
    assert_eq!(updated(runtime, &["--pids-limit", "50"], "pids.max"), "50");
}

fn memory(runtime: &Runtime) {
    assert_eq!(updated(runtime, &["--memory", "33554432"], by_version("memory.limit_in_bytes", "memory.max")), "33554432");
}

fn memory_and_swap(runtime: &Runtime) {
    let words = ["--memory", "33554432", "--memory-swap", "50331648"];
    let name = by_version("memory.memsw.limit_in_bytes", "memory.swap.max");
    assert_eq!(updated(runtime, &words, name), by_version("50331648", "16777216"));
}

fn reservation(runtime: &Runtime) {
    assert_eq!(updated(runtime, &["--memory-reservation", "16777216"], by_version("memory.soft_limit_in_bytes", "memory.low")), "16777216");
}

fn cpu_quota_and_period(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    let quota = || cgroup_file(bundle.id(), by_version("cpu.cfs_quota_us", "cpu.max"));
    bundle.ok(&["update", "--cpu-quota", "20000", "--cpu-period", "50000", bundle.id()]);
    assert_eq!(quota(), by_version("20000", "20000 50000"));
    bundle.ok(&["update", "--cpu-quota", "-1", bundle.id()]);
    assert!(quota().starts_with(by_version("-1", "max")), "{}", quota());
}

fn cpu_share(runtime: &Runtime) {
    let value = updated(runtime, &["--cpu-share", "256"], by_version("cpu.shares", "cpu.weight"));
    assert!(by_version(value == "256", value.parse::<u64>().unwrap() < 100), "{value}");
}

fn cpuset(runtime: &Runtime) {
    assert_eq!(updated(runtime, &["--cpuset-cpus", "0"], "cpuset.cpus"), "0");
}

fn resources_from_a_file(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    let file = bundle.write("resources.json", r#"{"pids":{"limit":33},"cpu":{"shares":300}}"#);
    bundle.ok(&["update", "--resources", &file, bundle.id()]);
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "33");
    assert_ne!(cgroup_file(bundle.id(), by_version("cpu.shares", "cpu.weight")), by_version("1024", "100"));
}

fn resources_from_standard_input(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    let file = bundle.write("resources.json", r#"{"pids":{"limit":44}}"#);
    let mut command = bundle.command(&["update", "-r", "-", bundle.id()]);
    command.stdin(Stdio::from(std::fs::File::open(file).unwrap()));
    bundle.finish(command).ok();
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "44");
}

fn what_is_not_given_stays(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    bundle.ok(&["update", "--cpu-share", "256", bundle.id()]);
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "20");
    assert_eq!(cgroup_file(bundle.id(), by_version("memory.limit_in_bytes", "memory.max")), (64 << 20).to_string());
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let said = runtime.program(&["/bin/true"]).refused(&["update", "--pids-limit", "5", "unknown"]);
    assert!(said.contains("does not exist"), "{said}");
}

fn a_value_that_is_no_number_is_refused(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    for flag in ["--pids-limit", "--cpu-share", "--cpu-quota"] {
        bundle.refused(&["update", flag, "many", bundle.id()]);
    }
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "20");
}

fn a_wrong_document_is_refused(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    for text in ["", "{", "[]"] {
        let file = bundle.write("resources.json", text);
        let outcome = bundle.verb(&["update", "--resources", &file, bundle.id()]);
        assert!(!outcome.status.success() || text == "[]", "{text}");
    }
    bundle.refused(&["update", "--resources", "/no/such/file", bundle.id()]);
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "20");
}

fn a_paused_container_is_updated(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    bundle.ok(&["pause", bundle.id()]);
    bundle.ok(&["update", "--pids-limit", "50", bundle.id()]);
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "50");
    assert_eq!(bundle.status(), "paused");
}

fn a_created_container_is_updated(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.create();
    bundle.ok(&["update", "--pids-limit", "50", bundle.id()]);
    assert_eq!(cgroup_file(bundle.id(), "pids.max"), "50");
    assert_eq!(bundle.status(), "created");
}

fn memory_can_be_raised_and_lowered(runtime: &Runtime) {
    let bundle = sleeper(runtime);
    for (limit, swap) in [(256_i64 << 20, 256_i64 << 20), (32 << 20, 48 << 20), (200 << 20, 400 << 20)] {
        bundle.ok(&["update", "--memory", &limit.to_string(), "--memory-swap", &swap.to_string(), bundle.id()]);
        let found = |v1: &str, v2: &str| cgroup_file(bundle.id(), by_version(v1, v2)).parse::<i64>().unwrap();
        assert_eq!(found("memory.limit_in_bytes", "memory.max"), limit);
        assert_eq!(found("memory.memsw.limit_in_bytes", "memory.swap.max"), by_version(swap, swap - limit));
    }
}

fn devices_stay_as_they_are(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let device = json!({ "path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666, "uid": 0, "gid": 0 });
    bundle.set("/linux/devices", json!([device]));
    bundle.start();
    bundle.ok(&["update", "--pids-limit", "50", bundle.id()]);
    let script = "(: < /dev/fuse) 2>/dev/null && echo opened; echo x > /dev/null && echo works";
    assert_eq!(bundle.exec_shell(script), "works\n");
}
