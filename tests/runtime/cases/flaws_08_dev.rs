//! Flaw row 8: the image's `/dev` as a link (CVE-2026-41579).
//!
//! Guard: `devices::make` opens the folder without links and makes nodes on its descriptor. Seen to fail without it:
//! the nodes lie behind the link.

use std::fs;
use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Runtime, cases};

cases! {
    no_node_is_made_behind_a_link: ["flaw/8"] Ours("runc 1.1 and Debian's crun have the flaw"),
    nothing_is_made_outside_of_the_root: ["flaw/8"] Ours("runc 1.1 has the flaw"),
}

fn no_node_is_made_behind_a_link(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    fs::remove_dir(bundle.rootfs().join("dev")).unwrap();
    symlink("/tmp", bundle.rootfs().join("dev")).unwrap();
    bundle.retain("/mounts", |mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    bundle.run().refused();
    assert_eq!(fs::read_dir(bundle.rootfs().join("tmp")).unwrap().count(), 0);
}

fn nothing_is_made_outside_of_the_root(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let outside = bundle.folder("outside");
    fs::remove_dir(bundle.rootfs().join("dev")).unwrap();
    symlink(format!("../../../../../..{outside}"), bundle.rootfs().join("dev")).unwrap();
    bundle.retain("/mounts", |mount| !mount["destination"].as_str().unwrap().starts_with("/dev"));
    bundle.run();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}
