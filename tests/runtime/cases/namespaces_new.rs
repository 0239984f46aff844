//! New namespaces, and the runtime's own.

use std::fs;

use knarr_runtime_cases::{Runtime, cases};

cases! {
    listed_ones_are_new: ["linux/namespaces-new"],
    others_are_the_runtimes: ["linux/namespaces-inherit"],
    a_cgroup_namespace_hides_the_path: ["linux/namespaces-new"],
    the_first_process_is_number_one: ["linux/namespaces-new"],
    without_a_pid_namespace_it_is_not: ["linux/namespaces-inherit"],
    the_loopback_interface_is_up: ["linux/namespaces-new"],
    ipc_objects_are_the_containers: ["linux/namespaces-new"],
    a_kind_twice_is_refused: ["linux/namespaces-twice"],
    an_unknown_kind_is_refused: ["config/valid-values"],
    a_mount_namespace_is_required: ["linux/namespaces-new"] Ours("runc and crun would mount on the host"),
    children_are_in_the_same_ones: ["linux/namespaces-new"],
}

fn own(kind: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().display().to_string()
}

const KINDS: [(&str, &str); 5] = [("mnt", "mount"), ("pid", "pid"), ("net", "network"), ("ipc", "ipc"), ("uts", "uts")];

fn listed_ones_are_new(runtime: &Runtime) {
    for (file, kind) in KINDS {
        let output = runtime.program(&["/bin/readlink", &format!("/proc/self/ns/{file}")]).output();
        assert_ne!(output.trim(), own(file), "{kind}");
    }
}

fn others_are_the_runtimes(runtime: &Runtime) {
    for (file, kind) in KINDS.iter().filter(|(_, kind)| !["mount", "pid"].contains(kind)) {
        let mut bundle = runtime.program(&["/bin/readlink", &format!("/proc/self/ns/{file}")]);
        bundle.without_namespace(kind);
        bundle.remove("/hostname");
        // sysfs of another network namespace than one's own cannot be mounted.
        bundle.retain("/mounts", |mount| mount["type"] != "mqueue");
        assert_eq!(bundle.output().trim(), own(file), "{kind}");
    }
    let output = runtime.program(&["/bin/readlink", "/proc/self/ns/user"]).output();
    assert_eq!(output.trim(), own("user"));
}

fn a_cgroup_namespace_hides_the_path(runtime: &Runtime) {
    let mut bundle = runtime.shell("grep -c knarr-cases /proc/self/cgroup");
    assert_eq!(bundle.run().stdout, "0\n");
    bundle.without_namespace("cgroup");
    assert_ne!(bundle.run().stdout, "0\n");
}

fn the_first_process_is_number_one(runtime: &Runtime) {
    assert_eq!(runtime.shell("echo $$").output(), "1\n");
}

fn without_a_pid_namespace_it_is_not(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo $$");
    bundle.without_namespace("pid");
    assert_ne!(bundle.output(), "1\n");
}

fn the_loopback_interface_is_up(runtime: &Runtime) {
    let output = runtime.shell("cat /sys/class/net/lo/operstate /sys/class/net/lo/flags").output();
    assert_eq!(output, "unknown\n0x9\n");
}

fn ipc_objects_are_the_containers(runtime: &Runtime) {
    let output = runtime.shell("wc -l < /proc/sysvipc/shm; cat /proc/sys/kernel/msgmax").output();
    assert!(output.starts_with("1\n"), "{output}");
}

fn a_kind_twice_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.push("/linux/namespaces", serde_json::json!({ "type": "uts" }));
    bundle.cannot_run();
}

fn an_unknown_kind_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.namespace("dreams", None);
    bundle.cannot_run();
}

fn a_mount_namespace_is_required(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.without_namespace("mount");
    bundle.cannot_run();
}

fn children_are_in_the_same_ones(runtime: &Runtime) {
    let output = runtime.shell("readlink /proc/$$/ns/net; sh -c 'sh -c \"readlink /proc/self/ns/net\"'").output();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], lines[1]);
}
