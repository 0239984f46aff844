//! kill -9 of the daemon, of the shim, or of both at every step of a container's life. The steps are the `failpoint!`s of the source; each must be
//! reached. Afterwards the exit code is exact, or 255 where the shim had died before it could write it down; the container can be started and removed,
//! and nothing is left.

use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, failpoints, wait_for};

/// What the container's program ends with.
const CODE: &str = "7";
/// What is said of an end that nobody saw.
const UNKNOWN: &str = "255";
/// From these steps of the shim on, the exit code is on the disk.
const RECORDED: [&str; 4] = ["shim.exit-recorded", "shim.reaped", "shim.drained", "shim.told"];

fn of_shim(name: &str) -> bool {
    name.starts_with("shim.")
}

/// A commit of the database is no step of a life: a daemon that begins makes some before it listens.
fn of_daemon(name: &str) -> bool {
    !of_shim(name) && !["exec.", "store.", "database."].iter().any(|other| name.starts_with(other))
}

fn host() -> Host {
    let host = Host::start().unwrap();
    import_busybox(&host.knarr(), "busybox").unwrap();
    host
}

/// A whole life, as far as it goes.
fn live(knarr: &Client) {
    let script = format!("exit {CODE}");
    let _it_may_die = knarr.run(&["run", "-d", "--name", "life", "busybox", "sh", "-c", &script]);
    let _it_may_be_gone = knarr.run(&["wait", "life"]);
    let _it_may_be_gone = knarr.run(&["rm", "life"]);
}

fn inspect(knarr: &Client, format: &str) -> String {
    knarr.ok(&["inspect", "-f", format, "life"]).unwrap()
}

/// The code with which the container is said to have ended; none where it has never been started or is removed.
fn end(knarr: &Client, step: &str) -> Option<String> {
    if knarr.ok(&["ps", "-a", "--format", "{{.Names}}"]).unwrap().is_empty() {
        return None;
    }
    match inspect(knarr, "{{.State.Status}}").as_str() {
        "created" => None,
        "exited" => Some(inspect(knarr, "{{.State.ExitCode}}")),
        "running" => Some(knarr.ok(&["wait", "life"]).unwrap()),
        other => panic!("{step}: the container is {other}"),
    }
}

/// Whatever happened: it can be started, ends with its own code, and goes.
fn lives_on(knarr: &Client, step: &str) {
    if !knarr.ok(&["ps", "-aq"]).unwrap().is_empty() {
        knarr.ok(&["start", "life"]).unwrap_or_else(|error| panic!("{step}: {error:#}"));
        assert_eq!(knarr.ok(&["wait", "life"]).unwrap(), CODE, "{step}");
        knarr.ok(&["rm", "life"]).unwrap();
    }
    let again = knarr.run(&["run", "--rm", "--name", "life", "busybox", "sh", "-c", "exit 3"]).unwrap();
    assert_eq!(again.code, 3, "{step}: the name or something else is not free: {}", again.stderr);
}

/// What a start and an end must have taken down when no container is there.
fn nothing_is_left(host: &Host, step: &str) {
    let no_zombies = || {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", host.pid())).unwrap_or_default();
        let zombie =
            |pid: &&str| std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "));
        !children.split_whitespace().any(|pid| zombie(&pid))
    };
    wait_for(&format!("{step}: no zombies"), Duration::from_secs(5), no_zombies).unwrap();
    for folder in ["run/shims", "run/bundles", "run/runtime", "data/containers"] {
        let left = || std::fs::read_dir(host.path().join(folder)).map_or(0, Iterator::count);
        wait_for(&format!("{step}: {folder} is empty"), Duration::from_secs(5), || left() == 0).unwrap();
    }
}

#[test]
fn the_daemon_dies_at_every_step() {
    let mut host = host();
    let knarr = host.knarr();
    for step in failpoints(of_daemon) {
        host.kill_daemon().unwrap();
        host.resume_to_die_at(&step).unwrap();
        live(&knarr);
        assert!(host.daemon_dies().unwrap(), "{step} is never reached");
        host.kill_daemon().unwrap();
        host.resume().unwrap();
        if let Some(code) = end(&knarr, &step) {
            assert_eq!(code, CODE, "{step}");
        }
        lives_on(&knarr, &step);
        nothing_is_left(&host, &step);
    }
    host.finish().unwrap();
}

#[test]
fn the_shim_dies_at_every_step() {
    let mut host = host();
    let knarr = host.knarr();
    for step in failpoints(of_shim) {
        host.kill_daemon().unwrap();
        host.resume_to_die_at(&step).unwrap();
        let script = format!("exit {CODE}");
        let started = knarr.run(&["run", "-d", "--name", "life", "busybox", "sh", "-c", &script]).unwrap();
        let recorded = RECORDED.contains(&step.as_str());
        if started.code == 0 {
            let code = knarr.ok(&["wait", "life"]).unwrap();
            assert_eq!(code, if recorded { CODE } else { UNKNOWN }, "{step}");
        } else {
            assert!(!recorded, "{step}: the start failed: {}", started.stderr);
            assert!(started.stderr.contains("shim"), "{step}: {}", started.stderr);
        }
        host.kill_daemon().unwrap();
        host.resume().unwrap();
        lives_on(&knarr, &step);
        nothing_is_left(&host, &step);
    }
    host.finish().unwrap();
}

#[test]
fn both_die_at_every_step() {
    let mut host = host();
    let knarr = host.knarr();
    for step in failpoints(of_daemon) {
        host.kill_daemon().unwrap();
        host.resume_to_die_at(&step).unwrap();
        live(&knarr);
        host.kill_daemon().unwrap();
        host.kill_shims().unwrap();
        host.resume().unwrap();
        if let Some(code) = end(&knarr, &step) {
            assert!([CODE, UNKNOWN].contains(&code.as_str()), "{step}: {code}");
        }
        lives_on(&knarr, &step);
        nothing_is_left(&host, &step);
    }
    host.finish().unwrap();
}
