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

/// A container in a user namespace of its own, which sleeps.
fn with_users() -> Bundle {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    let map = knarr_spec::IdMapping { container_id: 0, host_id: 200_000, size: 1000 };
    bundle.linux().namespaces.push(Namespace { kind: NamespaceKind::User, path: String::new() });
    bundle.linux().uid_mappings = vec![map];
    bundle.linux().gid_mappings = vec![map];
    make_traversable(&bundle);
    bundle
}

fn of(pid: i32, kind: &str) -> String {
    fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap().display().to_string()
}

#[test]
fn a_user_namespace_is_joined_and_new_ones_belong_to_it() {
    let first = with_users();
    first.start();
    let pid = first.state().pid;
    // Setting the host name of a new UTS namespace is a right over the user namespace that it belongs to.
    let mut bundle = Bundle::shell(
        "readlink /proc/self/ns/user; readlink /proc/self/ns/net; echo $$; id -u; hostname changed && hostname; \
         cat /proc/self/uid_map | wc -l; touch /tmp/mine",
    );
    for namespace in &mut bundle.linux().namespaces {
        if namespace.kind == NamespaceKind::Network {
            namespace.path = format!("/proc/{pid}/ns/net");
        }
    }
    let user = Namespace { kind: NamespaceKind::User, path: format!("/proc/{pid}/ns/user") };
    bundle.linux().namespaces.push(user);
    bundle.capabilities(&["CAP_SYS_ADMIN"]);
    make_traversable(&bundle);
    let expected = format!("{}\n{}\n1\n0\nchanged\n1\n", of(pid, "user"), of(pid, "net"));
    assert_eq!(bundle.output(), expected);
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(bundle.rootfs().join("tmp/mine")).unwrap().uid(), 200_000);
}

#[test]
fn all_namespaces_of_another_container_are_joined_but_its_mounts() {
    let first = with_users();
    first.start();
    let pid = first.state().pid;
    let mut bundle = Bundle::shell(
        "for n in user pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done; ls -d /proc/[0-9]* | wc -l",
    );
    bundle.linux().namespaces.push(Namespace { kind: NamespaceKind::User, path: String::new() });
    for namespace in &mut bundle.linux().namespaces {
        let file = match namespace.kind {
            NamespaceKind::User => "user",
            NamespaceKind::Pid => "pid",
            NamespaceKind::Network => "net",
            NamespaceKind::Ipc => "ipc",
            NamespaceKind::Uts => "uts",
            NamespaceKind::Cgroup => "cgroup",
            _ => continue,
        };
        namespace.path = format!("/proc/{pid}/ns/{file}");
    }
    bundle.spec.hostname.clear();
    make_traversable(&bundle);
    let output = bundle.output();
    let lines: Vec<&str> = output.lines().collect();
    for (kind, found) in ["user", "pid", "net", "ipc", "uts", "cgroup"].iter().zip(&lines) {
        assert_eq!(*found, of(pid, kind), "{kind}");
    }
    assert_eq!(lines[6], "4", "the sleeper, the shell, ls and wc: {output}");
}

#[test]
fn a_process_joins_a_container_with_a_user_namespace() {
    let bundle = with_users();
    bundle.start();
    let file = bundle.path().join("pid");
    assert_eq!(bundle.exec_shell("readlink /proc/self/ns/user; id -u; echo $$ > /dev/null").lines().count(), 2);
    assert_eq!(bundle.exec_shell("readlink /proc/self/ns/user").trim(), of(bundle.state().pid, "user"));
    bundle.background(&["exec", "--detach", "--pid-file", file.to_str().unwrap(), bundle.id(), "/bin/sleep", "500"]);
    let pid: i32 = fs::read_to_string(&file).unwrap().parse().unwrap();
    assert_eq!(fs::read(format!("/proc/{pid}/cmdline")).unwrap(), b"/bin/sleep\x00500\x00");
    assert_eq!(bundle.exec(&["/bin/sh", "-c", "exit 7"]).status.code(), Some(7));
}

#[test]
fn a_mount_namespace_is_joined_and_the_root_stays_inside() {
    let first = Bundle::program(&["/bin/sleep", "1000"]);
    let second = Bundle::program(&["/bin/true"]);
    // The other container sees the second one's root below its own.
    let mut first = first;
    let place = second.rootfs().to_str().unwrap().to_owned();
    first.spec.mounts.push(knarr_spec::Mount {
        destination: place.clone(),
        source: place,
        options: vec!["rbind".into()],
        ..Default::default()
    });
    first.start();
    let pid = first.state().pid;
    let mut second = second;
    second.process().args =
        vec!["/bin/sh".into(), "-c".into(), "readlink /proc/self/ns/mnt; ls /; cat /proc/1/comm; true".into()];
    for namespace in &mut second.linux().namespaces {
        if namespace.kind == NamespaceKind::Mount {
            namespace.path = format!("/proc/{pid}/ns/mnt");
        }
    }
    let expected = format!("{}\nbin\ndev\netc\nhome\nproc\nroot\nsys\ntmp\nsh\n", of(pid, "mnt"));
    assert_eq!(second.output(), expected);
}

#[test]
fn the_hosts_mount_namespace_is_never_a_containers() {
    let mut bundle = Bundle::program(&["/bin/true"]);
    bundle.linux().namespaces.retain(|namespace| namespace.kind != NamespaceKind::Mount);
    let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("mount namespace"), "{text}");
}
