//! Row 2 (CVE-2024-21626): a working directory among the descriptors of whoever makes the sandbox.
//!
//! Guards: `finish::enter_folder` of the runtime, for all ways in; before it, for run and build, the folder is made inside the root, where no
//! magic link is followed (`Root::make_folder`). Seen to fail without the first: exec and a health check read the host's file; without
//! both: a run's and a build's program is started there.

use std::time::Duration;

use knarr_e2e::probe::{self, IMAGE};
use knarr_e2e::wait_for;

use crate::host;

/// A file of the host that no image has.
const CANARY: &str = "../../../../../../../../etc/debian_version";

fn place(number: u32) -> String {
    format!("/proc/self/fd/{number}")
}

#[test]
fn run_and_exec_are_refused() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "calm", IMAGE, "sleep", "1000"]).unwrap();
    for number in 0..32 {
        let exec = knarr.run(&["exec", "-w", &place(number), "calm", "cat", CANARY]).unwrap();
        // As with Docker a session's output tells why it has none.
        assert!(exec.stdout.starts_with("OCI runtime exec failed"), "exec {number}: {exec:?}");
        assert_eq!((exec.code, exec.stderr.as_str()), (126, ""), "exec {number}: {exec:?}");
    }
    for number in [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] {
        let run = knarr.run(&["run", "--rm", "-w", &place(number), IMAGE, "cat", CANARY]).unwrap();
        assert!((125..=128).contains(&run.code) && run.stdout.is_empty(), "run {number}: {run:?}");
    }
    host.finish().unwrap();
}

#[test]
fn a_build_is_refused() {
    let (host, _) = host();
    for number in [0, 3, 5, 7, 8, 9, 11, 14] {
        let built = probe::build(&host, "escape", &format!("WORKDIR {}\nRUN true", place(number))).unwrap();
        assert!(built.code != 0 && built.stderr.contains("OCI runtime create failed"), "{number}: {built:?}");
    }
    host.finish().unwrap();
}

/// The container's process turns its working directory into a link meanwhile, and the next check enters it.
#[test]
fn a_health_check_is_refused() {
    let (host, knarr) = host();
    let check = format!("cat {CANARY} >> /seen");
    let flags = ["--health-cmd", &check, "--health-interval", "20ms", "--health-retries", "1000"];
    knarr
        .ok(&[&["run", "-d", "--name", "turning", "-w", "/folder"], &flags[..], &[IMAGE, "sleep", "1000"]].concat())
        .unwrap();
    let inside = |words: &[&str]| knarr.ok(&[&["exec", "-w", "/", "turning"], words].concat()).unwrap();
    let streak = || -> u32 {
        knarr.ok(&["inspect", "-f", "{{.State.Health.FailingStreak}}", "turning"]).unwrap().parse().unwrap()
    };
    inside(&["sh", "-c", "touch /seen; rmdir /folder"]);
    for number in 0..20 {
        inside(&["ln", "-sfn", &place(number), "/folder"]);
        let before = streak();
        // The one after the next began behind the link.
        wait_for("two checks end", Duration::from_secs(20), || {
            streak() >= before + 2 || !inside(&["cat", "/seen"]).is_empty()
        })
        .unwrap();
        assert_eq!(inside(&["cat", "/seen"]), "", "{number}");
    }
    host.finish().unwrap();
}
