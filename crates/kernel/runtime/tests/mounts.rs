//! Mounts, devices, masked and read-only paths, the root.

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use knarr_spec::Mount;
use support::Bundle;

fn mount(destination: &str, kind: &str, source: &str, options: &[&str]) -> Mount {
    Mount {
        destination: destination.into(),
        kind: kind.into(),
        source: source.into(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        ..Mount::default()
    }
}

#[test]
fn folders_and_files_are_bound_read_only_or_writable() {
    let mut bundle = Bundle::shell(
        "cat /data/in /file; echo new > /data/out; echo no > /closed/out 2>/dev/null || echo refused; ls /a/b/c",
    );
    let source = bundle.path().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("in"), "inside\n").unwrap();
    let text = source.to_str().unwrap().to_owned();
    bundle.spec.mounts.push(mount("/data", "bind", &text, &["rbind", "rprivate"]));
    bundle.spec.mounts.push(mount("/closed", "bind", &text, &["rbind", "ro"]));
    bundle.spec.mounts.push(mount("/file", "", &format!("{text}/in"), &["bind"]));
    bundle.spec.mounts.push(mount("/a/b/c", "bind", &text, &["bind"]));
    assert_eq!(bundle.output(), "inside\ninside\nrefused\nin\nout\n");
    assert_eq!(fs::read_to_string(source.join("out")).unwrap(), "new\n");
}

#[test]
fn a_destination_behind_a_link_stays_inside_the_root() {
    let mut bundle = Bundle::shell("cat /etc/canary");
    let outside = bundle.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, bundle.rootfs().join("way-out")).unwrap();
    symlink("../../../../../../etc", bundle.rootfs().join("up")).unwrap();
    let file = bundle.path().join("canary");
    fs::write(&file, "mounted\n").unwrap();
    bundle.spec.mounts.push(mount("/up/canary", "bind", file.to_str().unwrap(), &["bind"]));
    bundle.spec.mounts.push(mount("/way-out/x", "tmpfs", "tmpfs", &[]));
    assert_eq!(bundle.output(), "mounted\n");
    // The absolute link was followed inside the root; nothing was made where it leads on the host.
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(bundle.rootfs().join(outside.strip_prefix("/").unwrap()).join("x").is_dir());
    assert!(!std::path::Path::new("/etc/canary").exists());
}

#[test]
fn proc_behind_a_link_is_refused() {
    let bundle = Bundle::program(&["/bin/true"]);
    fs::remove_dir(bundle.rootfs().join("proc")).unwrap();
    symlink("/tmp", bundle.rootfs().join("proc")).unwrap();
    let text = bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("must be mounted on an ordinary directory"), "{text}");
}

#[test]
fn dev_of_the_image_as_a_link_gets_no_nodes() {
    let mut bundle = Bundle::program(&["/bin/true"]);
    fs::remove_dir(bundle.rootfs().join("dev")).unwrap();
    symlink("/tmp", bundle.rootfs().join("dev")).unwrap();
    bundle.spec.mounts.retain(|mount| !mount.destination.starts_with("/dev"));
    bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert_eq!(fs::read_dir(bundle.rootfs().join("tmp")).unwrap().count(), 0);
}

#[test]
fn the_default_devices_and_links_are_there() {
    let script = "for n in null zero full random urandom tty; do stat -c '%n %t:%T %a %F' /dev/$n; done; readlink /dev/ptmx; readlink /dev/fd";
    let output = Bundle::shell(script).output();
    assert!(output.contains("/dev/null 1:3 666 character special file\n"), "{output}");
    assert!(output.contains("/dev/tty 5:0 666 character special file\n"), "{output}");
    assert!(output.ends_with("pts/ptmx\n/proc/self/fd\n"), "{output}");
}

#[test]
fn devices_of_the_document_have_their_mode_and_owner() {
    let mut bundle = Bundle::program(&["/bin/stat", "-c", "%t:%T %a %u:%g", "/dev/sub/thing"]);
    bundle.linux().devices.push(knarr_spec::Device {
        kind: "c".into(),
        path: "/dev/sub/thing".into(),
        major: 1,
        minor: 7,
        file_mode: Some(0o640),
        uid: Some(3),
        gid: Some(4),
    });
    assert_eq!(bundle.output(), "1:7 640 3:4\n");
}

#[test]
fn masked_paths_are_empty_and_read_only_paths_closed() {
    let mut bundle = Bundle::shell(
        "cat /etc/secret | wc -c; ls /hidden | wc -l; touch /hidden/x 2>/dev/null || echo closed; \
         cat /proc/timer_list | wc -c; echo 1 > /proc/sys/net/ipv4/ip_forward 2>/dev/null || echo refused; \
         touch /fixed/x 2>/dev/null || echo fixed; echo written > /etc/secret",
    );
    fs::create_dir(bundle.rootfs().join("hidden")).unwrap();
    fs::write(bundle.rootfs().join("hidden/file"), "x").unwrap();
    fs::create_dir(bundle.rootfs().join("fixed")).unwrap();
    fs::write(bundle.rootfs().join("etc/secret"), "secret").unwrap();
    bundle.linux().masked_paths.extend(["/etc/secret".into(), "/hidden".into(), "/no/such/path".into()]);
    bundle.linux().readonly_paths.extend(["/fixed".into(), "/no/such/path".into()]);
    assert_eq!(bundle.output(), "0\n0\nclosed\n0\nrefused\nfixed\n");
    assert_eq!(fs::read_to_string(bundle.rootfs().join("etc/secret")).unwrap(), "secret");
}

#[test]
fn a_read_only_root_refuses_writes_and_its_tmpfs_takes_them() {
    let mut bundle = Bundle::shell("touch /x 2>/dev/null || echo refused; touch /tmp/x && echo taken");
    bundle.spec.root.as_mut().unwrap().readonly = true;
    bundle.spec.mounts.push(mount("/tmp", "tmpfs", "tmpfs", &["nosuid", "size=1m"]));
    assert_eq!(bundle.output(), "refused\ntaken\n");
}

#[test]
fn the_cgroups_of_others_are_not_seen_and_the_own_are_read_only() {
    let script = "ls -d /sys/fs/cgroup/*/knarr-test 2>/dev/null; \
                  mkdir /sys/fs/cgroup/memory/x 2>/dev/null || echo refused; \
                  cat /proc/self/cgroup | grep -v ':/$' | wc -l; cat /sys/fs/cgroup/*/cgroup.procs | sort -u | head -1";
    assert_eq!(Bundle::shell(script).output(), "refused\n0\n1\n");
}

#[test]
fn nothing_of_the_hosts_tree_is_reachable() {
    let script =
        "cut -d' ' -f5 /proc/self/mountinfo | sort | uniq -d; ls / /.. /../..; cat /proc/1/root/etc/passwd | wc -l";
    let output = Bundle::shell(script).output();
    let listing = "bin\ndev\netc\nhome\nproc\nroot\nsys\ntmp\n";
    assert_eq!(output, format!("/:\n{listing}\n/..:\n{listing}\n/../..:\n{listing}2\n"));
}
