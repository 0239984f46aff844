//! `linux.sysctl`.

use std::fs;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    network_parameters_are_set_inside_only: ["linux/sysctl"],
    ipc_parameters_are_set: ["linux/sysctl"],
    message_queue_parameters_are_set: ["linux/sysctl"],
    one_of_the_host_is_refused: ["linux/sysctl"],
    network_without_a_namespace_is_refused: ["linux/sysctl"],
    ipc_without_a_namespace_is_refused: ["linux/sysctl"],
    one_that_is_not_there_is_refused: ["linux/sysctl"],
    a_wrong_value_is_refused: ["linux/sysctl"],
    slashes_are_taken_too: ["linux/sysctl"],
    the_domain_name_is_set: ["linux/sysctl"],
}

fn network_parameters_are_set_inside_only(runtime: &Runtime) {
    let file = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    let before = fs::read_to_string(file).unwrap();
    let mut bundle = runtime.program(&["/bin/cat", file, "/proc/sys/net/core/somaxconn"]);
    bundle.set("/linux/sysctl", json!({ "net.ipv4.ip_unprivileged_port_start": "77", "net.core.somaxconn": "99" }));
    assert_eq!(bundle.output(), "77\n99\n");
    assert_eq!(fs::read_to_string(file).unwrap(), before);
}

fn ipc_parameters_are_set(runtime: &Runtime) {
    let before = fs::read_to_string("/proc/sys/kernel/msgmax").unwrap();
    let mut bundle = runtime.shell("cat /proc/sys/kernel/msgmax /proc/sys/kernel/shmmni; cat /proc/sys/kernel/sem");
    bundle.set("/linux/sysctl", json!({ "kernel.msgmax": "4321", "kernel.shmmni": "55", "kernel.sem": "32 3200 33 34" }));
    assert_eq!(bundle.output(), "4321\n55\n32\t3200\t33\t34\n");
    assert_eq!(fs::read_to_string("/proc/sys/kernel/msgmax").unwrap(), before);
}

fn message_queue_parameters_are_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/sys/fs/mqueue/msg_max"]);
    bundle.set("/linux/sysctl", json!({ "fs.mqueue.msg_max": "42" }));
    assert_eq!(bundle.output(), "42\n");
}

fn one_of_the_host_is_refused(runtime: &Runtime) {
    let before = fs::read_to_string("/proc/sys/vm/swappiness").unwrap();
    for name in ["vm.swappiness", "kernel.panic", "fs.file-max"] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set("/linux/sysctl", json!({ name: "1" }));
        let said = bundle.cannot_run();
        assert!(said.contains(name), "{said}");
    }
    assert_eq!(fs::read_to_string("/proc/sys/vm/swappiness").unwrap(), before);
}

fn network_without_a_namespace_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.without_namespace("network");
    bundle.set("/linux/sysctl", json!({ "net.core.somaxconn": "99" }));
    bundle.cannot_run();
}

fn ipc_without_a_namespace_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.without_namespace("ipc");
    bundle.set("/linux/sysctl", json!({ "kernel.msgmax": "4321" }));
    bundle.cannot_run();
}

fn one_that_is_not_there_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/sysctl", json!({ "net.no.such.parameter": "1" }));
    bundle.cannot_run();
}

fn a_wrong_value_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/sysctl", json!({ "net.core.somaxconn": "many" }));
    bundle.cannot_run();
}

fn slashes_are_taken_too(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/sys/net/ipv4/conf/lo/forwarding"]);
    bundle.set("/linux/sysctl", json!({ "net/ipv4/conf/lo/forwarding": "1" }));
    assert_eq!(bundle.output(), "1\n");
}

fn the_domain_name_is_set(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/sys/kernel/domainname"]);
    bundle.set("/linux/sysctl", json!({ "kernel.domainname": "inside.example" }));
    assert_eq!(bundle.output(), "inside.example\n");
}
