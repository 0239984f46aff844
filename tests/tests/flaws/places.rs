//! Rows 4 and 6 to 9: places of the image and of volumes that are links, fakes, or swapped meanwhile.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use knarr_e2e::base;
use knarr_e2e::probe::{self, IMAGE};

use crate::{folder, host};

/// Row 4 (CVE-2025-31133): a volume with a fake `null` over /dev. Guard: the runtime masks with the host's null device, looked at
/// (`masks::null_device`). Seen to fail with the container's own: the mask shows the fake.
#[test]
fn a_fake_null_is_no_mask() {
    let (host, knarr) = host();
    let (dev, text) = folder(&host, "dev");
    fs::write(dev.join("fake"), "fake").unwrap();
    symlink("fake", dev.join("null")).unwrap();
    let masked = "cat /proc/timer_list /proc/keys /proc/kcore";
    let run = knarr.run(&["run", "--rm", "-v", &format!("{text}:/dev"), IMAGE, "sh", "-c", masked]).unwrap();
    assert_eq!(run.stdout, "", "{run:?}");
    host.finish().unwrap();
}

/// Row 6 (CVE-2019-16884, 2019-19921, 2025-52881): mounts into /proc, by a link of the image, too. Guards: `plan::mounts::may_be_at` of the
/// runtime, and for the link `child::mounts::stay_out_of_proc`. Seen to fail without either: the container runs.
#[test]
fn nothing_is_mounted_into_proc() {
    let (host, knarr) = host();
    let (_, text) = folder(&host, "source");
    assert_eq!(probe::build(&host, "linked", "RUN ln -s /proc /way").unwrap().code, 0);
    for place in ["/proc", "/proc/self/attr", "/proc/sys", "/proc/1", "/x/../proc/sys", "/way/sys"] {
        for flags in [["-v", &format!("{text}:{place}")], ["--tmpfs", place]] {
            let run = knarr.run(&[&["run", "--rm"], &flags[..], &["linked", "true"]].concat()).unwrap();
            assert!(run.code == 125 || run.code == 126, "{flags:?}: {run:?}");
        }
    }
    host.finish().unwrap();
}

/// Rows 7 and 8 (CVE-2023-27561, 2026-41579): the image's /proc, /sys and /dev lead to a volume. Guards: `child::mounts::place` and
/// `devices::make` of the runtime resolve without links. Seen to fail without either: the container runs.
#[test]
fn folders_of_the_kernel_are_no_links() {
    let (host, knarr) = host();
    let [(canary, to), (_, root)] = ["canary", "root"].map(|name| folder(&host, name));
    for name in ["proc", "sys", "dev"] {
        let script = "tar -xf $0 -C $1 && rmdir $1/$2 && ln -s /canary $1/$2 && tar -cf $1.tar -C $1 . && rm -r $1/*";
        let made = Command::new("sh").args(["-c", script]).arg(base::busybox().unwrap()).args([&root, name]).status();
        assert!(made.unwrap().success(), "{name}");
        knarr.ok(&["import", &format!("{root}.tar"), name]).unwrap();
        let run = knarr.run(&["run", "--rm", "-v", &format!("{to}:/canary"), name, "/bin/true"]).unwrap();
        assert_ne!(run.code, 0, "{name}: {run:?}");
        assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "{name}");
    }
    host.finish().unwrap();
}

/// Row 9 (CVE-2021-30465, 2024-45310): a volume inside a volume, at a place that a sibling swaps for a link. Guard: the runtime finds
/// places inside the root's descriptor and mounts on what it has found. Seen to fail with links followed from the host's root: a
/// folder appears in the canary.
#[test]
fn a_swapped_place_leads_nowhere() {
    let (host, knarr) = host();
    let [(canary, to), (volume, outer), (_, inner)] = ["canary", "volume", "inner"].map(|name| folder(&host, name));
    let (place, link) = (volume.join("place"), volume.join("link"));
    fs::create_dir(&place).unwrap();
    symlink(&to, &link).unwrap();
    let volumes = [format!("{outer}:/data"), format!("{inner}:/data/place/deeper")];
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            while !done.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(rustix::fs::CWD, &place, rustix::fs::CWD, &link, flags).unwrap();
            }
        });
        for _ in 0..15 {
            knarr.run(&["run", "--rm", "-v", &volumes[0], "-v", &volumes[1], IMAGE, "true"]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "something was made outside");
    host.finish().unwrap();
}
