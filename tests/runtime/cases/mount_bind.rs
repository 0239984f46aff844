//! Bind mounts.

use std::fs;
use std::os::unix::fs::symlink;

use knarr_runtime_cases::{MountLine, Runtime, cases};
use serde_json::json;

cases! {
    a_folder_is_bound_and_writable: ["config/mounts"],
    a_file_is_bound: ["config/mounts"],
    read_only_refuses_writes: ["config/mount-options"],
    options_alone_make_it_a_bind_mount: ["config/mounts"],
    a_relative_source_is_relative_to_the_bundle: ["config/mounts"],
    a_destination_is_made: ["config/mounts"],
    a_file_as_destination_is_made: ["config/mounts"],
    a_relative_destination_is_relative_to_the_root: ["config/mount-destination"],
    a_missing_source_is_refused: ["config/mounts", "runtime/errors"],
    rbind_takes_mounts_below_with_it: ["config/mount-options"],
    bind_leaves_mounts_below: ["config/mount-options"],
    a_destination_behind_a_link_stays_inside: ["flaw/9"],
    a_source_behind_a_link_is_followed: ["config/mounts"],
    a_device_node_is_bound: ["config/mounts"],
    a_socket_is_bound: ["config/mounts"],
    the_hosts_mount_is_not_changed: ["config/mount-options"],
    a_folder_over_a_file_is_refused: ["runtime/errors"],
    the_same_source_twice_has_its_own_options: ["config/mount-options"],
}

fn a_folder_is_bound_and_writable(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /data/in; echo new > /data/out");
    let source = bundle.folder("source");
    bundle.write("source/in", "inside\n");
    bundle.mount("/data", "bind", &source, &["rbind", "rprivate"]);
    assert_eq!(bundle.output(), "inside\n");
    assert_eq!(bundle.read("source/out"), "new\n");
}

fn a_file_is_bound(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /etc/data; echo changed > /etc/data");
    let source = bundle.write("source", "inside\n");
    bundle.mount("/etc/data", "bind", &source, &["bind"]);
    assert_eq!(bundle.output(), "inside\n");
    assert_eq!(bundle.read("source"), "changed\n");
    assert_eq!(bundle.read("rootfs/etc/data"), "not a program");
}

fn read_only_refuses_writes(runtime: &Runtime) {
    for options in [["bind", "ro"], ["rbind", "ro"]] {
        let mut bundle = runtime.shell("touch /closed/x 2>/dev/null || echo refused");
        let source = bundle.folder("source");
        bundle.mount("/closed", "bind", &source, &options);
        assert_eq!(bundle.output(), "refused\n", "{options:?}");
    }
}

fn options_alone_make_it_a_bind_mount(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /data/in");
    let source = bundle.folder("source");
    bundle.write("source/in", "inside\n");
    bundle.push("/mounts", json!({ "destination": "/data", "source": source, "options": ["bind"] }));
    assert_eq!(bundle.output(), "inside\n");
}

fn a_relative_source_is_relative_to_the_bundle(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /data/in");
    bundle.folder("source");
    bundle.write("source/in", "inside\n");
    bundle.mount("/data", "bind", "source", &["bind"]);
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    command.current_dir("/");
    assert_eq!(bundle.finish(command).ok(), "inside\n");
}

fn a_destination_is_made(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls /a/b/c; stat -c %a /a /a/b");
    let source = bundle.folder("source");
    bundle.write("source/file", "");
    bundle.mount("/a/b/c", "bind", &source, &["bind"]);
    assert_eq!(bundle.output(), "file\n755\n755\n");
}

fn a_file_as_destination_is_made(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /a/b/file");
    let source = bundle.write("source", "inside\n");
    bundle.mount("/a/b/file", "bind", &source, &["bind"]);
    assert_eq!(bundle.output(), "inside\n");
}

fn a_relative_destination_is_relative_to_the_root(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /data/in");
    let source = bundle.folder("source");
    bundle.write("source/in", "inside\n");
    bundle.mount("data", "bind", &source, &["bind"]);
    bundle.set("/process/cwd", "/etc");
    assert_eq!(bundle.output(), "inside\n");
}

fn a_missing_source_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.mount("/data", "bind", "/no/such/source", &["rbind"]);
    let said = bundle.cannot_run();
    assert!(said.contains("/no/such/source"), "{said}");
}

/// A source folder with a proc below it.
fn with_a_mount_below(runtime: &Runtime, option: &str) -> String {
    let mut bundle = runtime.shell("test -e /data/sub/self && echo seen || echo hidden");
    let source = bundle.folder("source");
    bundle.folder("source/sub");
    bundle.mount("/data", "bind", &source, &[option]);
    bundle.run_on_host("mount -t proc proc $0/source/sub; \"$@\"").ok()
}

fn rbind_takes_mounts_below_with_it(runtime: &Runtime) {
    assert_eq!(with_a_mount_below(runtime, "rbind"), "seen\n");
}

fn bind_leaves_mounts_below(runtime: &Runtime) {
    assert_eq!(with_a_mount_below(runtime, "bind"), "hidden\n");
}

fn a_destination_behind_a_link_stays_inside(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /etc/canary");
    let outside = bundle.folder("outside");
    symlink(&outside, bundle.rootfs().join("way-out")).unwrap();
    symlink("../../../../../../etc", bundle.rootfs().join("up")).unwrap();
    let file = bundle.write("canary", "mounted\n");
    bundle.mount("/up/canary", "bind", &file, &["bind"]);
    bundle.mount("/way-out/x", "tmpfs", "tmpfs", &[]);
    assert_eq!(bundle.output(), "mounted\n");
    // The absolute link was followed inside the root; nothing was made where it leads on the host.
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(bundle.rootfs().join(outside.strip_prefix('/').unwrap()).join("x").is_dir());
    assert!(!std::path::Path::new("/etc/canary").exists());
}

fn a_source_behind_a_link_is_followed(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /data/in");
    bundle.folder("source");
    bundle.write("source/in", "inside\n");
    symlink("source", bundle.path().join("link")).unwrap();
    let link = bundle.file("link");
    bundle.mount("/data", "bind", &link, &["bind"]);
    assert_eq!(bundle.output(), "inside\n");
}

fn a_device_node_is_bound(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %F:%t:%T /dev/own");
    bundle.mount("/dev/own", "bind", "/dev/zero", &["bind"]);
    assert_eq!(bundle.output(), "character special file:1:5\n");
}

fn a_socket_is_bound(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %F /run/own.sock");
    let path = bundle.file("own.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    bundle.mount("/run/own.sock", "bind", &path, &["bind"]);
    assert_eq!(bundle.output(), "socket\n");
}

fn the_hosts_mount_is_not_changed(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let source = bundle.folder("source");
    bundle.mount("/data", "bind", &source, &["rbind", "ro", "noexec"]);
    bundle.start();
    bundle.write("source/x", "still writable");
    assert_eq!(bundle.exec_shell("cat /data/x"), "still writable");
}

fn a_folder_over_a_file_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let source = bundle.folder("source");
    bundle.mount("/etc/passwd", "bind", &source, &["bind"]);
    bundle.cannot_run();
}

fn the_same_source_twice_has_its_own_options(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]);
    let source = bundle.folder("source");
    bundle.mount("/one", "bind", &source, &["bind", "ro", "nosuid"]);
    bundle.mount("/two", "bind", &source, &["bind", "rw", "nodev"]);
    let table = bundle.output();
    let (one, two) = (MountLine::at(&table, "/one"), MountLine::at(&table, "/two"));
    assert!(one.has("ro") && one.has("nosuid") && !one.has("nodev"), "{one:?}");
    assert!(two.has("rw") && two.has("nodev") && !two.has("nosuid"), "{two:?}");
}
