//! User namespaces with id maps.

use std::fs;
use std::os::unix::fs::MetadataExt;

use knarr_runtime_cases::{Bundle, Runtime, capability_sets, cases, status_field};
use serde_json::{Value, json};

cases! {
    root_inside_is_nobody_outside: ["linux/user-mappings"],
    the_maps_are_the_documents: ["linux/user-mappings"],
    several_ranges_are_mapped: ["linux/user-mappings"],
    files_belong_to_the_mapped_user: ["linux/user-mappings"],
    a_user_inside_is_mapped_too: ["linux/user-mappings"],
    maps_are_required: ["linux/user-mappings"],
    overlapping_maps_are_refused: ["linux/user-mappings"],
    the_root_keeps_its_owner: ["linux/user-mappings"],
    capabilities_are_those_inside: ["linux/user-mappings", "config/capabilities"],
    additional_groups_are_mapped: ["linux/user-mappings", "config/user"],
    devices_are_there: ["linux/default-devices"],
    sysctls_of_the_namespace_are_set: ["linux/sysctl"],
    another_containers_id_is_not_reachable: ["linux/user-mappings"],
}

fn mapped<'r>(runtime: &'r Runtime, args: &[&str], maps: Value) -> Bundle<'r> {
    let mut bundle = runtime.program(args);
    bundle.namespace("user", None);
    bundle.set("/linux/uidMappings", maps.clone());
    bundle.set("/linux/gidMappings", maps);
    bundle.belongs_to(200_000);
    bundle
}

fn simple<'r>(runtime: &'r Runtime, script: &str) -> Bundle<'r> {
    mapped(runtime, &["/bin/sh", "-c", script], json!([{ "containerID": 0, "hostID": 200_000, "size": 1000 }]))
}

fn root_inside_is_nobody_outside(runtime: &Runtime) {
    let bundle = simple(runtime, "sleep 1000");
    bundle.start();
    let status = fs::read_to_string(format!("/proc/{}/status", bundle.pid())).unwrap();
    assert_eq!(status_field(&status, "Uid"), "200000\t200000\t200000\t200000");
    assert_eq!(bundle.exec(&["id", "-u"]).ok(), "0\n");
}

fn the_maps_are_the_documents(runtime: &Runtime) {
    let bundle = simple(runtime, "cat /proc/self/uid_map /proc/self/gid_map");
    let words: Vec<String> = bundle.output().split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, ["0", "200000", "1000", "0", "200000", "1000"]);
}

fn several_ranges_are_mapped(runtime: &Runtime) {
    let maps = json!([{ "containerID": 0, "hostID": 200_000, "size": 10 }, { "containerID": 1000, "hostID": 300_000, "size": 5 }]);
    let mut bundle = mapped(runtime, &["/bin/cat", "/proc/self/uid_map"], maps);
    bundle.set("/process/user", json!({ "uid": 1001, "gid": 1002 }));
    let words: Vec<String> = bundle.output().split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, ["0", "200000", "10", "1000", "300000", "5"]);
}

fn files_belong_to_the_mapped_user(runtime: &Runtime) {
    let bundle = simple(runtime, "touch /tmp/mine; stat -c %u /tmp/mine");
    assert_eq!(bundle.output(), "0\n");
    assert_eq!(fs::metadata(bundle.rootfs().join("tmp/mine")).unwrap().uid(), 200_000);
}

fn a_user_inside_is_mapped_too(runtime: &Runtime) {
    let mut bundle = simple(runtime, "id -u; sleep 1000");
    bundle.set("/process/user", json!({ "uid": 5, "gid": 6 }));
    bundle.start();
    let status = fs::read_to_string(format!("/proc/{}/status", bundle.pid())).unwrap();
    assert!(status_field(&status, "Uid").starts_with("200005"));
    assert!(status_field(&status, "Gid").starts_with("200006"));
}

fn maps_are_required(runtime: &Runtime) {
    for field in ["uidMappings", "gidMappings"] {
        let mut bundle = simple(runtime, "true");
        bundle.remove(&format!("/linux/{field}"));
        bundle.cannot_run();
    }
}

fn overlapping_maps_are_refused(runtime: &Runtime) {
    let maps = json!([{ "containerID": 0, "hostID": 200_000, "size": 10 }, { "containerID": 5, "hostID": 300_000, "size": 5 }]);
    mapped(runtime, &["/bin/true"], maps).cannot_run();
}

fn the_root_keeps_its_owner(runtime: &Runtime) {
    let bundle = simple(runtime, "true");
    bundle.output();
    assert_eq!(fs::metadata(bundle.rootfs().join("root")).unwrap().uid(), 0);
    assert_eq!(fs::metadata(bundle.rootfs().join("etc/passwd")).unwrap().uid(), 0);
}

fn capabilities_are_those_inside(runtime: &Runtime) {
    let mut bundle = simple(runtime, "cat /proc/self/status");
    bundle.capabilities(&["CAP_CHOWN", "CAP_SYS_ADMIN"]);
    assert_eq!(capability_sets(&bundle.output())[1..4], [0x20_0001; 3]);
}

fn additional_groups_are_mapped(runtime: &Runtime) {
    let mut bundle = simple(runtime, "id -G");
    bundle.set("/process/user/additionalGids", json!([3, 4]));
    assert_eq!(bundle.output(), "0 3 4\n");
}

fn devices_are_there(runtime: &Runtime) {
    let bundle = simple(runtime, "for n in null zero full random urandom tty; do test -c /dev/$n || echo $n; done; echo x > /dev/null && echo works");
    assert_eq!(bundle.output(), "works\n");
}

fn sysctls_of_the_namespace_are_set(runtime: &Runtime) {
    let mut bundle = simple(runtime, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start");
    bundle.set("/linux/sysctl", json!({ "net.ipv4.ip_unprivileged_port_start": "77" }));
    assert_eq!(bundle.output(), "77\n");
}

fn another_containers_id_is_not_reachable(runtime: &Runtime) {
    let bundle = simple(runtime, "cat /etc/foreign 2>/dev/null || echo refused");
    bundle.write("rootfs/etc/foreign", "secret");
    use std::os::unix::fs::{PermissionsExt, chown};
    let file = bundle.rootfs().join("etc/foreign");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    chown(&file, Some(500_000), Some(500_000)).unwrap();
    assert_eq!(bundle.output(), "refused\n");
}
