//! File systems of a container's own.

use std::os::unix::fs::PermissionsExt;

use knarr_runtime_cases::{MountLine, Runtime, cases};
use serde_json::json;

cases! {
    default_file_systems_are_there: ["linux/default-filesystems"],
    proc_is_of_the_pid_namespace: ["linux/default-filesystems"],
    sysfs_is_of_the_network_namespace: ["linux/default-filesystems"],
    mqueue_is_of_the_ipc_namespace: ["linux/default-filesystems"],
    devpts_is_its_own: ["linux/default-filesystems"],
    a_tmpfs_is_empty_and_goes_with_the_container: ["config/mounts"],
    a_tmpfs_looks_like_the_folder_that_it_covers: ["config/mounts"],
    a_tmpfs_has_the_mode_that_is_given: ["config/mounts"] Crun("runc 1.1 passes over mode on a folder that is there"),
    a_tmpfs_without_a_source_works: ["config/mounts"],
    the_order_is_the_documents: ["config/mount-order"],
    a_later_mount_covers_an_earlier_one: ["config/mount-order"],
    an_unknown_type_is_refused: ["config/mounts", "runtime/errors"],
    a_type_is_required: ["config/mounts"],
    an_overlay_is_mounted: ["config/mounts"],
    the_hosts_table_has_none_of_them: ["linux/namespaces-new"],
}

fn default_file_systems_are_there(runtime: &Runtime) {
    let table = runtime.program(&["/bin/cat", "/proc/self/mountinfo"]).output();
    for (place, kind) in [("/proc", "proc"), ("/sys", "sysfs"), ("/dev/pts", "devpts"), ("/dev/shm", "tmpfs")] {
        assert_eq!(MountLine::at(&table, place).kind, kind);
    }
}

fn proc_is_of_the_pid_namespace(runtime: &Runtime) {
    assert_eq!(runtime.shell("echo $$; ls -d /proc/[0-9]* | wc -l").output(), "1\n3\n");
}

fn sysfs_is_of_the_network_namespace(runtime: &Runtime) {
    assert_eq!(runtime.program(&["/bin/ls", "/sys/class/net"]).output(), "lo\n");
}

fn mqueue_is_of_the_ipc_namespace(runtime: &Runtime) {
    let bundle = runtime.shell("ls -A /dev/mqueue | wc -l; touch /dev/mqueue/own && ls /dev/mqueue");
    assert_eq!(bundle.output(), "0\nown\n");
}

fn devpts_is_its_own(runtime: &Runtime) {
    let bundle = runtime.shell("ls /dev/pts; stat -c %a:%t:%T /dev/pts/ptmx");
    assert_eq!(bundle.output(), "ptmx\n666:5:2\n");
}

fn a_tmpfs_is_empty_and_goes_with_the_container(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls -A /home; touch /home/mine");
    bundle.mount("/home", "tmpfs", "tmpfs", &[]);
    assert_eq!(bundle.output(), "");
    assert!(!bundle.rootfs().join("home/mine").exists());
    assert!(bundle.rootfs().join("home/alice").exists());
}

fn covering(runtime: &Runtime, options: &[&str]) -> String {
    let mut bundle = runtime.shell("stat -c %a /covered");
    bundle.folder("rootfs/covered");
    let folder = bundle.rootfs().join("covered");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o1750)).unwrap();
    bundle.mount("/covered", "tmpfs", "tmpfs", options);
    bundle.output()
}

fn a_tmpfs_looks_like_the_folder_that_it_covers(runtime: &Runtime) {
    assert_eq!(covering(runtime, &[]), "1750\n");
}

fn a_tmpfs_has_the_mode_that_is_given(runtime: &Runtime) {
    assert_eq!(covering(runtime, &["mode=700"]), "700\n");
}

fn a_tmpfs_without_a_source_works(runtime: &Runtime) {
    let mut bundle = runtime.shell("touch /mnt/x && echo taken");
    bundle.push("/mounts", json!({ "destination": "/mnt", "type": "tmpfs" }));
    assert_eq!(bundle.output(), "taken\n");
}

fn the_order_is_the_documents(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls /a /a/b");
    let source = bundle.folder("source");
    bundle.folder("source/b");
    bundle.write("source/one", "");
    let inner = bundle.folder("inner");
    bundle.write("inner/two", "");
    bundle.mount("/a", "bind", &source, &["bind"]);
    bundle.mount("/a/b", "bind", &inner, &["bind"]);
    assert_eq!(bundle.output(), "/a:\nb\none\n\n/a/b:\ntwo\n");
}

fn a_later_mount_covers_an_earlier_one(runtime: &Runtime) {
    let mut bundle = runtime.shell("ls /a");
    for name in ["first", "second"] {
        let source = bundle.folder(name);
        bundle.write(&format!("{name}/{name}-file"), "");
        bundle.mount("/a", "bind", &source, &["bind"]);
    }
    assert_eq!(bundle.output(), "second-file\n");
}

fn an_unknown_type_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.mount("/mnt", "nofs", "x", &["rw"]);
    let said = bundle.cannot_run();
    assert!(said.contains("/mnt"), "{said}");
}

fn a_type_is_required(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.push("/mounts", json!({ "destination": "/mnt", "source": "x" }));
    bundle.cannot_run();
}

fn an_overlay_is_mounted(runtime: &Runtime) {
    let mut bundle = runtime.shell("cat /mnt/lower; echo changed > /mnt/lower");
    let folders = ["lower", "upper", "work"].map(|name| bundle.folder(name));
    bundle.write("lower/lower", "below\n");
    let [lower, upper, work] = folders;
    let options = [format!("lowerdir={lower}"), format!("upperdir={upper}"), format!("workdir={work}")];
    bundle.mount("/mnt", "overlay", "overlay", &options.each_ref().map(String::as_str));
    assert_eq!(bundle.output(), "below\n");
    assert_eq!(bundle.read("upper/lower"), "changed\n");
    assert_eq!(bundle.read("lower/lower"), "below\n");
}

fn the_hosts_table_has_none_of_them(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.mount("/mnt", "tmpfs", "tmpfs", &[]);
    let before = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    bundle.start();
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!table.contains(bundle.word()), "{table}");
    assert!(!before.contains(bundle.word()));
}
