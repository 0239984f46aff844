//! `--systemd-cgroup`, with a socket that says what systemd says: the test hosts have none.

#[path = "../../systemd/tests/fake/mod.rs"]
mod fake;
mod support;

use std::fs;
use std::process::Command;

use fake::{job, removed, reply, serve};
use knarr_cgroups::Cgroup;
use knarr_runtime_cases::{Bundle, Outcome};
use support::ours;

/// Runs a program where systemd seems to have started the host, its socket ours.
const SEEMING: &str = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && touch /run/systemd/private && \
                       mount --bind \"$0\" /run/systemd/private && exec \"$@\"";

fn scoped(program: &[&str]) -> Bundle<'static> {
    let mut bundle = ours().program(program);
    let path = format!("knarr-test.slice:krt:{}", bundle.id());
    bundle.set("/linux/cgroupsPath", path);
    bundle.set("/linux/resources/pids/limit", 20);
    bundle
}

/// Runs a program where systemd has not started the host.
const ABSENT: &str = "mount -t tmpfs tmpfs /run && exec \"$@\"";

fn verb(bundle: &Bundle<'_>, words: &[&str]) -> Outcome {
    verb_where(SEEMING, bundle, words)
}

fn verb_where(world: &str, bundle: &Bundle<'_>, words: &[&str]) -> Outcome {
    let words = [&["--systemd-cgroup"], words].concat();
    let inner = bundle.command(&words);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", world]).arg(bundle.path().join("socket"));
    command.arg(inner.get_program()).args(inner.get_args()).stdin(std::process::Stdio::null());
    bundle.finish(command)
}

fn answer(name: &str, serial: u32) -> Vec<Vec<u8>> {
    match name {
        "StartTransientUnit" | "StopUnit" => vec![job(serial), removed("/job/5", "done")],
        _ => vec![reply(serial)],
    }
}

#[test]
fn without_systemd_it_is_refused_in_clear_words() {
    let bundle = scoped(&["/bin/true"]);
    let run = verb_where(ABSENT, &bundle, &["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    let text = run.refused();
    assert!(text.contains("systemd does not run on this host"), "{text}");
    bundle.assert_nothing_left();
}

#[test]
fn a_path_that_is_no_scope_is_refused() {
    let mut bundle = scoped(&["/bin/true"]);
    bundle.set("/linux/cgroupsPath", "/a/b");
    let text = bundle.refused(&["--systemd-cgroup", "run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("slice:prefix:name"), "{text}");
}

#[test]
fn a_container_lives_in_a_scope() {
    let bundle = scoped(&["/bin/sleep", "1000"]);
    let server = serve(&bundle.path().join("socket"), 3, answer);
    let path = bundle.path().to_str().unwrap();
    let started = verb(&bundle, &["run", "--detach", "--bundle", path, bundle.id()]);
    started.ok();
    let scope = format!("/knarr.slice/knarr-test.slice/krt-{}.scope", bundle.id());
    let cgroups = fs::read_to_string(format!("/proc/{}/cgroup", bundle.pid())).unwrap();
    assert!(cgroups.lines().any(|line| line.ends_with(&scope)), "{cgroups}");
    let pids: Vec<i32> = serde_json::from_str(&bundle.ok(&["ps", "--format", "json", bundle.id()])).unwrap();
    assert_eq!(pids, [bundle.pid()], "nobody else is in the scope");
    let updated = verb(&bundle, &["update", "--pids-limit", "30", bundle.id()]);
    updated.ok();
    let deleted = verb(&bundle, &["delete", "--force", bundle.id()]);
    deleted.ok();
    let calls = server.join().unwrap();
    let expected = ["StartTransientUnit", "SetUnitProperties", "StopUnit", "ResetFailedUnit"];
    assert_eq!(
        calls.iter().filter(|call| *call != "Subscribe").collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    assert!(matches!(Cgroup::open(&scope), Err(knarr_cgroups::Error::NotFound(_))));
    forget_slices();
}

#[test]
fn a_scope_that_cannot_start_leaves_nothing() {
    let bundle = scoped(&["/bin/true"]);
    let server = serve(&bundle.path().join("socket"), 1, |name, serial| match name {
        "StartTransientUnit" => vec![job(serial), removed("/job/5", "failed")],
        _ => vec![reply(serial)],
    });
    let run = verb(&bundle, &["run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    let text = run.refused();
    assert!(text.contains("StartTransientUnit"), "{text}");
    server.join().unwrap();
    bundle.assert_nothing_left();
    forget_slices();
}

/// What systemd would remove.
fn forget_slices() {
    for slice in ["/knarr.slice/knarr-test.slice", "/knarr.slice"] {
        Cgroup::remove_if_empty(slice).unwrap();
    }
}
