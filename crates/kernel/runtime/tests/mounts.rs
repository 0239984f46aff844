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

fn map(host_id: u32) -> Vec<knarr_spec::IdMapping> {
    vec![knarr_spec::IdMapping { container_id: 0, host_id, size: 1000 }]
}

#[test]
fn owners_are_mapped_by_the_mounts_own_maps_one_mount_or_all() {
    let script = "stat -c %u:%g /one/file /one/below/file /all/file /all/below/file";
    let mut bundle = Bundle::shell(script);
    let source = bundle.path().join("source");
    fs::create_dir_all(source.join("below")).unwrap();
    fs::write(source.join("file"), "").unwrap();
    std::os::unix::fs::chown(source.join("file"), Some(5), Some(6)).unwrap();
    let text = source.to_str().unwrap();
    for (place, option) in [("/one", "idmap"), ("/all", "ridmap")] {
        // Something to be mounted below, with the same file in it.
        let mut mapped = mount(place, "bind", text, &["rbind", option]);
        mapped.uid_mappings = map(10_000);
        mapped.gid_mappings = map(20_000);
        bundle.spec.mounts.push(mapped);
    }
    let below = support::TemporaryMount::bind(&source, &source.join("below"));
    let output = bundle.output();
    drop(below);
    assert_eq!(output, "10005:20006\n5:6\n10005:20006\n10005:20006\n");
}

#[test]
fn owners_are_mapped_as_the_container_maps_them() {
    let mut bundle = Bundle::shell("stat -c %u:%g /data/file; touch /data/new");
    let source = bundle.path().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("file"), "").unwrap();
    // Only root may pass: the source is opened before the container's user exists.
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o700)).unwrap();
    bundle
        .linux()
        .namespaces
        .push(knarr_spec::Namespace { kind: knarr_spec::NamespaceKind::User, path: String::new() });
    bundle.linux().uid_mappings = map(200_000);
    bundle.linux().gid_mappings = map(200_000);
    for folder in ["", "dev", "proc", "sys"] {
        std::os::unix::fs::chown(bundle.rootfs().join(folder), Some(200_000), Some(200_000)).unwrap();
    }
    bundle.spec.mounts.push(mount("/data", "bind", source.to_str().unwrap(), &["bind", "idmap"]));
    assert_eq!(bundle.output(), "0:0\n");
    assert_eq!(fs::metadata(source.join("new")).unwrap().uid(), 0);
}

#[test]
fn maps_that_make_no_sense_are_refused() {
    let refused = |change: &dyn Fn(&mut Mount)| {
        let mut bundle = Bundle::program(&["/bin/true"]);
        let mut wrong = mount("/data", "bind", "/tmp", &["bind"]);
        change(&mut wrong);
        bundle.spec.mounts.push(wrong);
        bundle.refused(&["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()])
    };
    assert!(refused(&|mount| mount.uid_mappings = map(1)).contains("go together"));
    assert!(refused(&|mount| mount.options.push("idmap".into())).contains("needs a user namespace"));
    let text = refused(&|mount| {
        *mount = self::mount("/data", "tmpfs", "tmpfs", &[]);
        mount.uid_mappings = map(1);
        mount.gid_mappings = map(1);
    });
    assert!(text.contains("only the owners of a bind mount"), "{text}");
}

#[test]
fn recursive_options_reach_the_mounts_below_and_others_do_not() {
    let script = "for p in /top /all; do touch $p/x 2>/dev/null || echo closed; \
                  touch $p/below/x 2>/dev/null || echo closed; done; \
                  grep -c 'noexec' /proc/self/mountinfo | grep -q . && grep ' /all/below ' /proc/self/mountinfo | cut -d' ' -f6";
    let mut bundle = Bundle::shell(script);
    let source = bundle.path().join("source");
    fs::create_dir_all(source.join("below")).unwrap();
    let text = source.to_str().unwrap();
    bundle.spec.mounts.push(mount("/top", "bind", text, &["rbind", "ro"]));
    let all = ["rbind", "rro", "rnosuid", "rnodev", "rnoexec", "rnoatime", "rnosymfollow"];
    bundle.spec.mounts.push(mount("/all", "bind", text, &all));
    let below = support::TemporaryMount::bind(&source, &source.join("below"));
    let output = bundle.output();
    drop(below);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[..3], ["closed", "closed", "closed"], "{output}");
    for option in ["ro", "nosuid", "nodev", "noexec", "noatime", "nosymfollow"] {
        assert!(lines[3].split(',').any(|found| found == option), "{option}: {output}");
    }
}

#[test]
fn a_tmpfs_begins_with_what_it_covers() {
    let script = "cat /data/file; stat -c '%a %u:%g %n' /data/file /data/sub /data/sub/x; readlink /data/link; \
                  echo more >> /data/file; test -p /data/pipe && echo pipe; touch /fixed/x 2>/dev/null || cat /fixed/file";
    let mut bundle = Bundle::shell(script);
    for name in ["data", "fixed"] {
        let folder = bundle.rootfs().join(name);
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(folder.join("file"), format!("{name}\n")).unwrap();
        fs::write(folder.join("sub/x"), "").unwrap();
        symlink("/etc/../file", folder.join("link")).unwrap();
        use std::os::unix::fs::{PermissionsExt, chown};
        chown(folder.join("sub/x"), Some(7), Some(8)).unwrap();
        fs::set_permissions(folder.join("sub/x"), fs::Permissions::from_mode(0o4750)).unwrap();
        fs::set_permissions(folder.join("sub"), fs::Permissions::from_mode(0o1711)).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, folder.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    }
    bundle.spec.mounts.push(mount("/data", "tmpfs", "tmpfs", &["tmpcopyup"]));
    bundle.spec.mounts.push(mount("/fixed", "tmpfs", "tmpfs", &["tmpcopyup", "ro"]));
    let expected = "data\n644 0:0 /data/file\n1711 0:0 /data/sub\n4750 7:8 /data/sub/x\n/etc/../file\npipe\nfixed\n";
    assert_eq!(bundle.output(), expected);
    assert_eq!(fs::read_to_string(bundle.rootfs().join("data/file")).unwrap(), "data\n");
}
