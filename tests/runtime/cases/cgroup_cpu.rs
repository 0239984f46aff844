//! `linux.resources.cpu`, by the files of either version.

use knarr_runtime_cases::{Bundle, Runtime, by_version, cases, cgroup_file};
use serde_json::{Value, json};

cases! {
    shares: ["linux/cpu"],
    quota_and_period: ["linux/cpu"],
    a_quota_alone_keeps_the_period: ["linux/cpu"],
    a_period_alone: ["linux/cpu"],
    unlimited_quota: ["linux/cpu"],
    burst: ["linux/cpu"] Ours("runc has it since 1.2, Debian's crun on v2 only"),
    idle: ["linux/cpu"] Crun("runc 1.1 sets it on v2 only"),
    cpus: ["linux/cpu"],
    mems: ["linux/cpu"],
    the_program_runs_on_those_cpus_only: ["linux/cpu"],
    a_cpu_that_is_not_there_is_refused: ["linux/cpu", "runtime/errors"],
    a_wrong_list_is_refused: ["linux/cpu", "config/valid-values"],
    zero_is_not_given: ["linux/cpu"],
    a_quota_that_is_too_small_is_refused: ["linux/cpu", "runtime/errors"],
    a_burst_above_the_quota_is_refused: ["linux/cpu"] Ours("runc has burst since 1.2, Debian's crun on v2 only"),
}

fn limited(runtime: &Runtime, cpu: Value) -> Bundle<'_> {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/linux/resources/cpu", cpu);
    bundle
}

fn refused(runtime: &Runtime, cpu: Value) {
    let mut bundle = limited(runtime, cpu);
    bundle.set("/process/args", json!(["/bin/true"]));
    bundle.cannot_run();
}

fn file(runtime: &Runtime, cpu: Value, name: &str) -> String {
    let bundle = limited(runtime, cpu);
    bundle.start();
    cgroup_file(bundle.id(), name)
}

/// Version 2 has weights, which runtimes take from shares by different curves: more than the default, or less.
fn shares(runtime: &Runtime) {
    let name = by_version("cpu.shares", "cpu.weight");
    let value = |shares: u64| file(runtime, json!({ "shares": shares }), name).parse::<u64>().unwrap();
    let (less, more) = (value(517), value(4099));
    assert!(by_version((less, more) == (517, 4099), less < 100 && more > 100), "{less} {more}");
}

/// Quota, -1 for none, and period.
fn bandwidth(runtime: &Runtime, cpu: Value) -> String {
    let bundle = limited(runtime, cpu);
    bundle.start();
    let v1 = || ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map(|name| cgroup_file(bundle.id(), name)).join(" ");
    let v2 = || cgroup_file(bundle.id(), "cpu.max").replace("max", "-1");
    by_version(&v1 as &dyn Fn() -> String, &v2)()
}

fn quota_and_period(runtime: &Runtime) {
    assert_eq!(bandwidth(runtime, json!({ "quota": 20_000, "period": 50_000 })), "20000 50000");
}

fn a_quota_alone_keeps_the_period(runtime: &Runtime) {
    assert_eq!(bandwidth(runtime, json!({ "quota": 20_000 })), "20000 100000");
}

fn a_period_alone(runtime: &Runtime) {
    assert_eq!(bandwidth(runtime, json!({ "period": 50_000 })), "-1 50000");
}

fn unlimited_quota(runtime: &Runtime) {
    assert_eq!(bandwidth(runtime, json!({ "quota": -1 })), "-1 100000");
}

fn burst(runtime: &Runtime) {
    let cpu = json!({ "quota": 20_000, "period": 50_000, "burst": 10_000 });
    assert_eq!(file(runtime, cpu, by_version("cpu.cfs_burst_us", "cpu.max.burst")), "10000");
}

fn idle(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({ "idle": 1 }), "cpu.idle"), "1");
}

fn cpus(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({ "cpus": "0" }), "cpuset.cpus"), "0");
}

fn mems(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({ "mems": "0" }), "cpuset.mems"), "0");
}

fn the_program_runs_on_those_cpus_only(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/status"]);
    bundle.set("/linux/resources/cpu", json!({ "cpus": "0" }));
    assert_eq!(knarr_runtime_cases::status_field(&bundle.output(), "Cpus_allowed_list"), "0");
}

fn a_cpu_that_is_not_there_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "cpus": "4000" }));
}

fn a_wrong_list_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "cpus": "x-y" }));
}

fn zero_is_not_given(runtime: &Runtime) {
    let cpu = json!({ "shares": 0, "quota": 0, "period": 0 });
    assert_eq!(bandwidth(runtime, cpu.clone()), "-1 100000");
    assert_eq!(file(runtime, cpu, by_version("cpu.shares", "cpu.weight")), by_version("1024", "100"));
}

fn a_quota_that_is_too_small_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "quota": 1, "period": 100_000 }));
}

fn a_burst_above_the_quota_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "quota": 20_000, "period": 50_000, "burst": 30_000 }));
}
