//! `linux.resources.memory`, by the files of either version; what version 2 does not have is left alone there.

use knarr_runtime_cases::{Bundle, Runtime, by_version, cases, cgroup_file, is_unlimited};
use serde_json::{Value, json};

cases! {
    limit: ["linux/memory"],
    limit_with_swap: ["linux/memory"],
    reservation: ["linux/memory"],
    swappiness: ["linux/memory"],
    unlimited: ["linux/memory"],
    kernel_memory_is_no_failure: ["linux/memory"],
    kernel_tcp_memory: ["linux/memory"] Crun("runc 1.1 passes over it"),
    the_killer_can_be_disabled: ["linux/memory"],
    swap_below_the_limit_is_refused: ["linux/memory"],
    what_is_too_much_is_killed: ["linux/memory"],
    zero_is_not_given: ["linux/memory"],
    use_hierarchy_is_no_failure: ["linux/memory"],
    a_limit_that_is_no_number_is_refused: ["config/valid-values"],
}

fn limited(runtime: &Runtime, memory: Value) -> Bundle<'_> {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/linux/resources/memory", memory);
    bundle
}

fn refused(runtime: &Runtime, memory: Value) {
    let mut bundle = limited(runtime, memory);
    bundle.set("/process/args", json!(["/bin/true"]));
    bundle.cannot_run();
}

fn file(runtime: &Runtime, memory: Value, name: &str) -> String {
    let bundle = limited(runtime, memory);
    bundle.start();
    cgroup_file(bundle.id(), name)
}

fn limit_file() -> &'static str {
    by_version("memory.limit_in_bytes", "memory.max")
}

/// A file of version 1 has the value; with version 2 the container starts.
fn only_v1(runtime: &Runtime, memory: Value, name: &str, value: &str) {
    let bundle = limited(runtime, memory);
    bundle.start();
    let found = by_version(true, false).then(|| cgroup_file(bundle.id(), name));
    assert!(found.as_ref().is_none_or(|text| text.contains(value)), "{found:?}");
}

const MIB: i64 = 1 << 20;

fn limit(runtime: &Runtime) {
    assert_eq!(file(runtime, json!({ "limit": 64 * MIB }), limit_file()), (64 * MIB).to_string());
}

fn limit_with_swap(runtime: &Runtime) {
    let name = by_version("memory.memsw.limit_in_bytes", "memory.swap.max");
    let memory = json!({ "limit": 64 * MIB, "swap": 96 * MIB });
    assert_eq!(file(runtime, memory, name), by_version(96 * MIB, 32 * MIB).to_string());
}

fn reservation(runtime: &Runtime) {
    let name = by_version("memory.soft_limit_in_bytes", "memory.low");
    assert_eq!(file(runtime, json!({ "reservation": 32 * MIB }), name), (32 * MIB).to_string());
}

fn swappiness(runtime: &Runtime) {
    for value in [0, 17, 100] {
        only_v1(runtime, json!({ "swappiness": value }), "memory.swappiness", &value.to_string());
    }
}

fn unlimited(runtime: &Runtime) {
    assert!(is_unlimited(&file(runtime, json!({ "limit": -1 }), limit_file())));
}

fn kernel_memory_is_no_failure(runtime: &Runtime) {
    let bundle = limited(runtime, json!({ "kernel": 64 * MIB }));
    bundle.start();
}

fn kernel_tcp_memory(runtime: &Runtime) {
    only_v1(runtime, json!({ "kernelTCP": 8 * MIB }), "memory.kmem.tcp.limit_in_bytes", &(8 * MIB).to_string());
}

fn the_killer_can_be_disabled(runtime: &Runtime) {
    let memory = json!({ "limit": 64 * MIB, "disableOOMKiller": true });
    only_v1(runtime, memory, "memory.oom_control", "oom_kill_disable 1");
}

fn swap_below_the_limit_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "limit": 64 * MIB, "swap": 32 * MIB }));
}

fn what_is_too_much_is_killed(runtime: &Runtime) {
    let mut bundle = runtime.shell("head -c 100000000 /dev/zero | tail");
    bundle.set("/linux/resources/memory", json!({ "limit": 16 * MIB, "swap": 16 * MIB }));
    assert_eq!(bundle.run().code(), Some(137));
}

fn zero_is_not_given(runtime: &Runtime) {
    let memory = json!({ "limit": 0, "swap": 0, "reservation": 0 });
    assert!(is_unlimited(&file(runtime, memory, limit_file())));
}

fn use_hierarchy_is_no_failure(runtime: &Runtime) {
    only_v1(runtime, json!({ "useHierarchy": true }), "memory.use_hierarchy", "1");
}

fn a_limit_that_is_no_number_is_refused(runtime: &Runtime) {
    for limit in [json!("64m"), json!(0.5), json!([])] {
        refused(runtime, json!({ "limit": limit }));
    }
}
