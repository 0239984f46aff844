//! Flaw row 7: `/proc` and `/sys` of the image as links (CVE-2023-27561).
//!
//! Guard: `child::mounts::place`, which resolves without links. Seen to fail without it: proc is mounted behind the link.

use std::fs;
use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Runtime, cases};

cases! {
    proc_behind_a_link_is_refused: ["flaw/7"],
    sys_behind_a_link_is_refused: ["flaw/7"],
    a_file_in_place_of_proc_is_refused: ["flaw/7"],
}

fn with_link(runtime: &Runtime, name: &str) {
    let bundle = runtime.program(&["/bin/true"]);
    fs::remove_dir(bundle.rootfs().join(name)).unwrap();
    symlink("/tmp", bundle.rootfs().join(name)).unwrap();
    let said = bundle.cannot_run();
    assert!(said.contains("must be mounted on ordinary directory") || said.contains("must be mounted on an ordinary directory"), "{said}");
}

fn proc_behind_a_link_is_refused(runtime: &Runtime) {
    with_link(runtime, "proc");
}

fn sys_behind_a_link_is_refused(runtime: &Runtime) {
    with_link(runtime, "sys");
}

fn a_file_in_place_of_proc_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    fs::remove_dir(bundle.rootfs().join("proc")).unwrap();
    bundle.write("rootfs/proc", "");
    bundle.cannot_run();
}
