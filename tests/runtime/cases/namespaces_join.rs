//! Namespaces of others, by their files.

use std::fs;
use std::os::unix::fs::MetadataExt;

use knarr_runtime_cases::{Runtime, cases};

cases! {
    network: ["linux/namespaces-path"],
    ipc: ["linux/namespaces-path"],
    uts: ["linux/namespaces-path"],
    pid: ["linux/namespaces-path"],
    cgroup: ["linux/namespaces-path"],
    user: ["linux/namespaces-path"] Crun("runc 1.1 wants maps, too"),
    new_ones_belong_to_the_joined_user_namespace: ["linux/namespaces-path"] Crun("runc 1.1 wants maps, too"),
    all_but_the_mounts_of_another_container: ["linux/namespaces-path"],
    mount: ["linux/namespaces-path"] Ours("runc 1.1 and Debian's crun prepare no root there"),
    several_at_once: ["linux/namespaces-path"],
    a_file_of_another_kind_is_refused: ["linux/namespaces-path-kind"],
    a_file_that_is_no_namespace_is_refused: ["linux/namespaces-path-kind"],
    a_file_that_is_not_there_is_refused: ["linux/namespaces-path"],
    exec_joins_them_too: ["linux/namespaces-path", "cli/exec"],
    the_owner_keeps_its_host_name: ["linux/namespaces-path", "config/hostname"],
}

/// What a container prints that joins another's namespace, and what is expected.
fn joined(runtime: &Runtime, kind: &str, file: &str) {
    let other = runtime.sleeper();
    let path = format!("/proc/{}/ns/{file}", other.pid());
    let mut bundle = runtime.program(&["/bin/readlink", &format!("/proc/self/ns/{file}")]);
    bundle.namespace(kind, Some(&path));
    bundle.remove("/hostname");
    let expected = fs::read_link(&path).unwrap();
    assert_eq!(bundle.output().trim(), expected.display().to_string());
}

fn network(runtime: &Runtime) {
    joined(runtime, "network", "net");
}

fn ipc(runtime: &Runtime) {
    joined(runtime, "ipc", "ipc");
}

fn uts(runtime: &Runtime) {
    joined(runtime, "uts", "uts");
}

fn cgroup(runtime: &Runtime) {
    joined(runtime, "cgroup", "cgroup");
}

fn pid(runtime: &Runtime) {
    let other = runtime.sleeper();
    let path = format!("/proc/{}/ns/pid", other.pid());
    let mut bundle = runtime.program(&["/bin/cat", "/proc/1/cmdline"]);
    bundle.namespace("pid", Some(&path));
    assert!(bundle.output().starts_with("/bin/sleep"));
}

fn user(runtime: &Runtime) {
    let mut other = runtime.program(&["/bin/sleep", "1000"]);
    let map = serde_json::json!([{ "containerID": 0, "hostID": 200_000, "size": 1000 }]);
    other.namespace("user", None);
    other.set("/linux/uidMappings", map.clone());
    other.set("/linux/gidMappings", map);
    other.belongs_to(200_000);
    other.start();
    let mut bundle = runtime.shell("readlink /proc/self/ns/user; id -u");
    let path = format!("/proc/{}/ns/user", other.pid());
    bundle.namespace("user", Some(&path));
    bundle.belongs_to(200_000);
    assert_eq!(bundle.output(), format!("{}\n0\n", fs::read_link(&path).unwrap().display()));
}

fn new_ones_belong_to_the_joined_user_namespace(runtime: &Runtime) {
    let mut other = runtime.program(&["/bin/sleep", "1000"]);
    let map = serde_json::json!([{ "containerID": 0, "hostID": 200_000, "size": 1000 }]);
    other.namespace("user", None);
    other.set("/linux/uidMappings", map.clone());
    other.set("/linux/gidMappings", map);
    other.belongs_to(200_000);
    other.start();
    // Setting the host name of a new UTS namespace is a right over the user namespace that it belongs to.
    let mut bundle = runtime.shell("hostname changed && hostname; touch /tmp/mine");
    bundle.namespace("user", Some(&format!("/proc/{}/ns/user", other.pid())));
    bundle.capabilities(&["CAP_SYS_ADMIN"]);
    bundle.belongs_to(200_000);
    assert_eq!(bundle.output(), "changed\n");
    assert_eq!(fs::metadata(bundle.rootfs().join("tmp/mine")).unwrap().uid(), 200_000);
}

fn all_but_the_mounts_of_another_container(runtime: &Runtime) {
    let other = runtime.sleeper();
    let pid = other.pid();
    let all = [("pid", "pid"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts")];
    let mut bundle = runtime.shell("for n in pid net ipc uts; do readlink /proc/self/ns/$n; done");
    for (kind, file) in all {
        bundle.namespace(kind, Some(&format!("/proc/{pid}/ns/{file}")));
    }
    bundle.remove("/hostname");
    let link = |file: &str| fs::read_link(format!("/proc/{pid}/ns/{file}")).unwrap().display().to_string();
    assert_eq!(bundle.output().lines().collect::<Vec<_>>(), all.map(|(_, file)| link(file)));
}

fn mount(runtime: &Runtime) {
    let mut other = runtime.program(&["/bin/sleep", "1000"]);
    let mut bundle = runtime.shell("readlink /proc/self/ns/mnt; ls /");
    // The other container sees this one's root below its own.
    let place = bundle.rootfs().to_str().unwrap().to_owned();
    other.mount(&place, "bind", &place, &["rbind"]);
    other.start();
    let path = format!("/proc/{}/ns/mnt", other.pid());
    bundle.namespace("mount", Some(&path));
    let expected = format!("{}\nbin\ndev\netc\nhome\nproc\nroot\nsys\ntmp\n", fs::read_link(&path).unwrap().display());
    assert_eq!(bundle.output(), expected);
}

fn several_at_once(runtime: &Runtime) {
    let other = runtime.sleeper();
    let pid = other.pid();
    let mut bundle = runtime.shell("for n in net ipc uts; do readlink /proc/self/ns/$n; done");
    for (kind, file) in [("network", "net"), ("ipc", "ipc"), ("uts", "uts")] {
        bundle.namespace(kind, Some(&format!("/proc/{pid}/ns/{file}")));
    }
    bundle.remove("/hostname");
    let expected = ["net", "ipc", "uts"].map(|file| fs::read_link(format!("/proc/{pid}/ns/{file}")).unwrap());
    let expected: String = expected.iter().map(|link| format!("{}\n", link.display())).collect();
    assert_eq!(bundle.output(), expected);
}

fn a_file_of_another_kind_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.namespace("network", Some("/proc/self/ns/ipc"));
    bundle.cannot_run();
}

fn a_file_that_is_no_namespace_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.write("file", "");
    bundle.namespace("network", Some(&file));
    bundle.cannot_run();
}

fn a_file_that_is_not_there_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.namespace("network", Some("/no/such/namespace"));
    let said = bundle.cannot_run();
    assert!(said.contains("/no/such/namespace"), "{said}");
}

fn exec_joins_them_too(runtime: &Runtime) {
    let other = runtime.sleeper();
    let path = format!("/proc/{}/ns/net", other.pid());
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.namespace("network", Some(&path));
    bundle.start();
    let expected = fs::read_link(&path).unwrap().display().to_string();
    assert_eq!(bundle.exec(&["readlink", "/proc/self/ns/net"]).ok().trim(), expected);
}

fn the_owner_keeps_its_host_name(runtime: &Runtime) {
    let other = runtime.sleeper();
    let path = format!("/proc/{}/ns/uts", other.pid());
    let mut bundle = runtime.program(&["/bin/hostname"]);
    bundle.namespace("uts", Some(&path));
    bundle.remove("/hostname");
    assert_eq!(bundle.output(), "case\n");
    assert_eq!(other.exec(&["hostname"]).ok(), "case\n");
}
