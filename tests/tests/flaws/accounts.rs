//! Row 17 (CVE-2026-47262, 2025-4437): user files that never end, or are none.
//!
//! Guards: `launch::identity::text` reads a regular file of at most some size, without waiting, and no further. Seen to fail without
//! the look at the kind, and without the one at the size: the others still bound it, and something else is said.

use std::time::Duration;

use knarr_e2e::probe::{self, IMAGE};
use knarr_e2e::{Client, Host, wait_for};

use crate::host;

/// What a file becomes, and what is said of it.
const KINDS: [(&str, &str); 3] = [
    ("dd if=/dev/zero of=FILE bs=1 count=1 seek=10G", "is larger than"),
    ("dd if=/dev/zero of=FILE bs=1M count=9", "is larger than"),
    ("mkfifo FILE", "is not a regular file"),
];
/// It leads to a device where the container runs, to nothing in its layers.
const LINK: &str = "ln -s /dev/zero FILE";
/// Files, with flags that need them.
const FILES: [(&str, [&str; 2]); 2] = [("/etc/passwd", ["--user", "root"]), ("/etc/group", ["--user", "0:nogroup"])];

fn make(kind: &str, file: &str) -> String {
    format!("rm -f {file} && {}", kind.replace("FILE", file))
}

fn each(said_of_link: &str, mut test: impl FnMut(&str, [&str; 2], &str)) {
    for (file, flags) in FILES {
        for (kind, said) in KINDS.into_iter().chain([(LINK, said_of_link)]) {
            test(&make(kind, file), flags, said);
        }
    }
}

/// The daemon still answers, and has not grown.
fn finish(host: Host, knarr: &Client) {
    knarr.ok(&["ps"]).unwrap();
    assert!(host.resident().unwrap() < 128 << 20);
    host.finish().unwrap();
}

/// What its first life has left is what a container's second start reads.
#[test]
fn a_start_does_not_read_it() {
    let (host, knarr) = host();
    each("unable to find", |make, flags, said| {
        let run = [&["run", "--name", "twice"], &flags[..], &[IMAGE, "sh", "-c", make]].concat();
        knarr.ok(&run).unwrap();
        let start = knarr.run(&["start", "twice"]).unwrap();
        assert!(start.code == 1 && start.stderr.contains(said), "{make}: {start:?}");
        knarr.ok(&["rm", "twice"]).unwrap();
    });
    finish(host, &knarr);
}

#[test]
fn exec_and_a_health_check_do_not_read_it() {
    let (host, knarr) = host();
    each("is not a regular file", |make, flags, said| {
        let check = ["--health-cmd", "true", "--health-interval", "50ms"];
        let run = [&["run", "-d", "--name", "live"], &check[..], &flags, &[IMAGE, "sleep", "1000"]].concat();
        knarr.ok(&run).unwrap();
        knarr.ok(&["exec", "live", "sh", "-c", make]).unwrap();
        let exec = knarr.run(&[&["exec"], &flags[..], &["live", "true"]].concat()).unwrap();
        assert!(exec.code != 0 && exec.stdout.contains(said), "{make}: {exec:?}");
        let results = || knarr.ok(&["inspect", "-f", "{{json .State.Health.Log}}", "live"]).unwrap();
        wait_for("a check fails", Duration::from_secs(20), || results().contains(said)).unwrap();
        // Owners of what is copied in are numbers.
        knarr.ok(&["cp", "/etc/debian_version", "live:/tmp/"]).unwrap();
        knarr.ok(&["rm", "-f", "live"]).unwrap();
    });
    finish(host, &knarr);
}

#[test]
fn a_build_does_not_read_it() {
    let (host, knarr) = host();
    std::fs::create_dir_all(host.path().join("context")).unwrap();
    std::fs::write(host.path().join("context/file"), "").unwrap();
    // A layer of ten gigabytes is another matter.
    for (kind, said) in KINDS.into_iter().skip(1).chain([(LINK, "unable to find user nobody")]) {
        for line in ["USER nobody\nRUN id", "COPY --chown=nobody file /"] {
            let lines = format!("RUN {}\n{line}", make(kind, "/etc/passwd"));
            let built = probe::build(&host, "broken", &lines).unwrap();
            assert!(built.code != 0 && built.stderr.contains(said), "{lines}: {built:?}");
        }
    }
    finish(host, &knarr);
}
