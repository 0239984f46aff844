//! `tmpcopyup`: a tmpfs that begins with what it covers.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use knarr_runtime_cases::{Bundle, Runtime, cases};

cases! {
    begins_with_what_it_covers: ["config/mount-copy-up"],
    modes_and_links_are_kept: ["config/mount-copy-up"],
    owners_and_pipes_are_kept: ["config/mount-copy-up"] Ours("runc 1.1 fails at a pipe"),
    the_image_is_not_changed: ["config/mount-copy-up"],
    a_read_only_one_begins_so_too: ["config/mount-copy-up"] Ours("runc 1.1 leaves it writable"),
}

fn covering<'r>(runtime: &'r Runtime, script: &str, options: &[&str]) -> Bundle<'r> {
    let mut bundle = runtime.shell(script);
    bundle.folder("rootfs/data/sub");
    bundle.write("rootfs/data/file", "data\n");
    bundle.write("rootfs/data/sub/x", "");
    symlink("/etc/../file", bundle.file("rootfs/data/link")).unwrap();
    chown(bundle.file("rootfs/data/sub/x"), Some(7), Some(8)).unwrap();
    fs::set_permissions(bundle.file("rootfs/data/sub/x"), Permissions::from_mode(0o4750)).unwrap();
    fs::set_permissions(bundle.file("rootfs/data/sub"), Permissions::from_mode(0o1711)).unwrap();
    bundle.mount("/data", "tmpfs", "tmpfs", options);
    bundle
}

fn begins_with_what_it_covers(runtime: &Runtime) {
    assert_eq!(covering(runtime, "cat /data/file; ls /data/sub", &["tmpcopyup"]).output(), "data\nx\n");
}

fn modes_and_links_are_kept(runtime: &Runtime) {
    let script = "stat -c %a /data/sub /data/file; readlink /data/link";
    assert_eq!(covering(runtime, script, &["tmpcopyup"]).output(), "1711\n644\n/etc/../file\n");
}

fn owners_and_pipes_are_kept(runtime: &Runtime) {
    let script = "stat -c %u:%g:%a /data/sub/x; test -p /data/pipe && echo pipe";
    let bundle = covering(runtime, script, &["tmpcopyup"]);
    let pipe = bundle.file("rootfs/data/pipe");
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(bundle.output(), "7:8:4750\npipe\n");
}

fn the_image_is_not_changed(runtime: &Runtime) {
    let bundle = covering(runtime, "echo more >> /data/file; rm /data/sub/x; cat /data/file", &["tmpcopyup"]);
    assert_eq!(bundle.output(), "data\nmore\n");
    assert_eq!(bundle.read("rootfs/data/file"), "data\n");
    assert!(bundle.rootfs().join("data/sub/x").exists());
}

fn a_read_only_one_begins_so_too(runtime: &Runtime) {
    let script = "cat /data/file; touch /data/x 2>/dev/null || echo closed";
    assert_eq!(covering(runtime, script, &["tmpcopyup", "ro"]).output(), "data\nclosed\n");
}
