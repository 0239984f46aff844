//! Flaw row 9: a mount's destination that a sibling swaps for a link (CVE-2021-30465, CVE-2024-45310).
//!
//! Guard: targets are descriptors found with openat2's IN_ROOT and mounted on by move_mount. Seen to fail with a lookup
//! that follows absolute links as usual: a folder appears in the canary's.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use knarr_runtime_cases::{Bundle, Runtime, cases};

cases! {
    a_link_in_a_volume_leads_nowhere: ["flaw/9"],
    a_racer_moves_no_mount_outside: ["flaw/9"] Ours("runc 1.1 makes folders outside"),
}

/// A container with a volume, and a mount below a folder of the volume that may be a link to the canary; gives the canary,
/// the folder and the link.
fn nested<'r>(runtime: &'r Runtime) -> (Bundle<'r>, [String; 3]) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let canary = bundle.folder("canary");
    let volume = bundle.folder("volume");
    let place = bundle.folder("volume/place");
    let link = bundle.file("volume/link");
    symlink(&canary, &link).unwrap();
    let source = bundle.folder("source");
    bundle.write("source/file", "");
    bundle.mount("/data", "bind", &volume, &["rbind"]);
    bundle.mount("/data/place/deeper", "bind", &source, &["bind"]);
    (bundle, [canary, place, link])
}

fn a_link_in_a_volume_leads_nowhere(runtime: &Runtime) {
    let (bundle, [canary, place, link]) = nested(runtime);
    fs::remove_dir(&place).unwrap();
    fs::rename(link, place).unwrap();
    bundle.run();
    assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "something was made outside");
}

fn a_racer_moves_no_mount_outside(runtime: &Runtime) {
    let (bundle, [canary, place, link]) = nested(runtime);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            while !done.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(rustix::fs::CWD, &place, rustix::fs::CWD, &link, flags).unwrap();
            }
        });
        (0..30).for_each(|_| drop(bundle.run()));
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "something was made outside");
}
