//! Flaw row 9: a mount's destination that a sibling swaps for a link (CVE-2021-30465, CVE-2024-45310).
//!
//! Guard: targets are descriptors found with openat2's IN_ROOT and mounted on by move_mount. Seen to fail with a path in
//! its place: files appear in the canary's folder within some tens of tries.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use knarr_runtime_cases::{Runtime, cases};

cases! {
    a_racer_moves_no_mount_outside: ["flaw/9"],
}

fn a_racer_moves_no_mount_outside(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let canary = bundle.folder("canary");
    let volume = bundle.folder("volume");
    bundle.folder("volume/place");
    let link = bundle.file("volume/link");
    symlink(format!("../../../../../../../..{canary}"), &link).unwrap();
    let source = bundle.folder("source");
    bundle.write("source/file", "");
    bundle.mount("/data", "bind", &volume, &["rbind"]);
    bundle.mount("/data/place/deeper", "bind", &source, &["bind"]);
    let place = bundle.file("volume/place");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            while !done.load(Ordering::Relaxed) {
                let _one_of_them_is_busy = rustix::fs::renameat_with(rustix::fs::CWD, &place, rustix::fs::CWD, &link, flags);
            }
        });
        for _ in 0..20 {
            bundle.run();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "something was made outside");
}
