//! Flaw row 5: the console behind a link (CVE-2025-52565).
//!
//! Guards: `console::open` binds by descriptor and refuses links, `console::pair` looks at what devpts is. Seen to fail
//! without the first: the canary's place becomes the terminal.

use std::os::unix::fs::symlink;

use knarr_runtime_cases::{Console, Runtime, cases};

cases! {
    a_console_that_is_a_link_leads_nowhere: ["flaw/5"],
    a_pts_that_is_a_link_is_refused: ["flaw/5"] Ours("runc 1.1 and Debian's crun follow it"),
    a_ptmx_that_is_a_link_leads_nowhere: ["flaw/5"],
}

/// Whether a container starts whose own /dev has a link by this name; the link's target is never changed.
fn starts(runtime: &Runtime, name: &str) -> bool {
    let mut bundle = runtime.shell("echo end; read line");
    bundle.set("/process/terminal", true);
    // The image's own /dev is used, without a fresh tmpfs over it.
    bundle.retain("/mounts", |mount| mount["destination"] != "/dev");
    let target = bundle.write("canary", "canary");
    symlink(&target, bundle.rootfs().join("dev").join(name)).unwrap();
    let console = Console::listen(bundle.path());
    let outcome = bundle.verb(&["run", "--detach", "--bundle", bundle.word(), "--console-socket", console.path(), bundle.id()]);
    assert_eq!(bundle.read("canary"), "canary");
    outcome.status.success()
}

fn a_console_that_is_a_link_leads_nowhere(runtime: &Runtime) {
    let started = starts(runtime, "console");
    assert!(!started || !runtime.is_ours());
}

fn a_pts_that_is_a_link_is_refused(runtime: &Runtime) {
    assert!(!starts(runtime, "pts"));
}

fn a_ptmx_that_is_a_link_leads_nowhere(runtime: &Runtime) {
    starts(runtime, "ptmx");
}
