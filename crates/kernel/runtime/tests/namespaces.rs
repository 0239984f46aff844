//! Namespaces: new ones, joined ones, and what is set in them.

mod support;

use std::fs;

use knarr_spec::{Namespace, NamespaceKind};
use support::Bundle;

fn own(kind: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().display().to_string()
}

#[test]
fn listed_namespaces_are_new_and_others_are_the_runtimes() {
    let mut bundle = Bundle::shell("for n in mnt pid net ipc uts cgroup user time; do readlink /proc/self/ns/$n; done");
    bundle.linux().namespaces.push(Namespace { kind: NamespaceKind::Time, path: String::new() });
    let output = bundle.output();
    let inside: Vec<&str> = output.lines().collect();
    for (kind, found) in ["mnt", "pid", "net", "ipc", "uts", "cgroup"].iter().zip(&inside) {
        assert_ne!(*found, own(kind), "{kind} is shared with the host");
    }
    assert_eq!(inside[6], own("user"));
    assert_ne!(inside[7], own("time"));
}

#[test]
fn the_first_process_is_number_one_and_sees_only_its_own() {
    assert_eq!(Bundle::shell("echo $$; ls -d /proc/[0-9]* | wc -l").output(), "1\n3\n");
}

#[test]
fn a_network_namespace_is_joined_by_its_file() {
    let other = Bundle::program(&["/bin/sleep", "1000"]);
    other.start();
    let pid = other.state().pid;
    let mut bundle = Bundle::shell("readlink /proc/self/ns/net");
    for namespace in &mut bundle.linux().namespaces {
        if namespace.kind == NamespaceKind::Network {
            namespace.path = format!("/proc/{pid}/ns/net");
        }
    }
    let expected = fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
    assert_eq!(bundle.output().trim(), expected.display().to_string());
}

#[test]
fn a_pid_namespace_is_joined_by_its_file() {
    let other = Bundle::program(&["/bin/sleep", "1000"]);
    other.start();
    let mut bundle = Bundle::shell("cat /proc/1/cmdline");
    let path = format!("/proc/{}/ns/pid", other.state().pid);
    bundle.linux().namespaces.iter_mut().find(|n| n.kind == NamespaceKind::Pid).unwrap().path = path;
    assert!(bundle.output().starts_with("/bin/sleep"));
}

#[test]
fn the_loopback_interface_of_a_new_network_is_up() {
    let output = Bundle::shell("cat /sys/class/net/lo/operstate /sys/class/net/lo/flags").output();
    assert_eq!(output, "unknown\n0x9\n");
}

#[test]
fn host_name_and_sysctls_are_set_inside_only() {
    let before = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    let mut bundle =
        Bundle::shell("hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax");
    bundle.spec.hostname = "inside".into();
    bundle.linux().sysctl.insert("net.ipv4.ip_unprivileged_port_start".into(), "77".into());
    bundle.linux().sysctl.insert("kernel.msgmax".into(), "4321".into());
    assert_eq!(bundle.output(), "inside\n77\n4321\n");
    assert_eq!(fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap(), before);
}

#[test]
fn clocks_are_set_in_a_time_namespace() {
    let mut bundle = Bundle::shell("cat /proc/uptime");
    bundle.linux().namespaces.push(Namespace { kind: NamespaceKind::Time, path: String::new() });
    let offset = knarr_spec::TimeOffset { secs: 1_000_000, nanosecs: 0 };
    bundle.linux().time_offsets.insert("boottime".into(), offset);
    let uptime: f64 = bundle.output().split(' ').next().unwrap().parse().unwrap();
    assert!(uptime > 1_000_000.0, "{uptime}");
}

#[test]
fn a_user_namespace_maps_root_to_nobody_of_the_host() {
    let mut bundle = Bundle::shell("id -u; cat /proc/self/uid_map; touch /tmp/mine");
    let map = knarr_spec::IdMapping { container_id: 0, host_id: 200_000, size: 1000 };
    bundle.linux().namespaces.push(Namespace { kind: NamespaceKind::User, path: String::new() });
    bundle.linux().uid_mappings = vec![map];
    bundle.linux().gid_mappings = vec![map];
    make_traversable(&bundle);
    let output = bundle.output();
    assert_eq!(output.split_whitespace().collect::<Vec<_>>(), ["0", "0", "200000", "1000"]);
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(bundle.rootfs().join("tmp/mine")).unwrap().uid(), 200_000);
}

/// The mapped root owns the root file system, and may pass through the folders above it.
fn make_traversable(bundle: &Bundle) {
    use std::os::unix::fs::{PermissionsExt, chown};
    fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for folder in ["", "dev", "proc", "sys", "tmp"] {
        chown(bundle.rootfs().join(folder), Some(200_000), Some(200_000)).unwrap();
    }
}
