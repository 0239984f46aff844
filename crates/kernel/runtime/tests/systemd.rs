//! `--systemd-cgroup`, with a socket that says what systemd says: the test hosts have none.

#[path = "../../systemd/tests/fake/mod.rs"]
mod fake;
mod support;

use std::fs;
use std::process::{Command, Output};

use fake::{job, removed, reply, serve};
use knarr_cgroups::Cgroup;
use support::Bundle;

/// Runs a program where systemd seems to have started the host, its socket ours.
const SEEMING: &str = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && touch /run/systemd/private && \
                       mount --bind \"$0\" /run/systemd/private && exec \"$@\"";

fn scoped(program: &[&str]) -> Bundle {
    let mut bundle = Bundle::program(program);
    bundle.linux().cgroups_path = format!("knarr-test.slice:krt:{}", bundle.id());
    let pids = knarr_spec::Pids { limit: 20 };
    bundle.linux().resources.get_or_insert_default().pids = Some(pids);
    bundle
}

/// Runs a program where systemd has not started the host.
const ABSENT: &str = "mount -t tmpfs tmpfs /run && exec \"$@\"";

fn verb(bundle: &Bundle, words: &[&str]) -> Output {
    verb_where(SEEMING, bundle, words)
}

fn verb_where(world: &str, bundle: &Bundle, words: &[&str]) -> Output {
    let words = [&["--systemd-cgroup"], words].concat();
    let inner = bundle.command(&words);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", world]).arg(bundle.path().join("socket"));
    command.arg(inner.get_program()).args(inner.get_args()).stdin(std::process::Stdio::null());
    let log = fs::File::create(bundle.path().join("stdio")).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let status = command.status().unwrap();
    Output { status, stdout: fs::read(bundle.path().join("stdio")).unwrap(), stderr: Vec::new() }
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
    assert!(!run.status.success());
    let text = bundle.said(&run);
    assert!(text.contains("systemd does not run on this host"), "{text}");
    bundle.assert_nothing_left();
}

#[test]
fn a_path_that_is_no_scope_is_refused() {
    let mut bundle = scoped(&["/bin/true"]);
    bundle.linux().cgroups_path = "/a/b".into();
    let text = bundle.refused(&["--systemd-cgroup", "run", "--bundle", bundle.path().to_str().unwrap(), bundle.id()]);
    assert!(text.contains("slice:prefix:name"), "{text}");
}

#[test]
fn a_container_lives_in_a_scope() {
    let bundle = scoped(&["/bin/sleep", "1000"]);
    let server = serve(&bundle.path().join("socket"), 3, answer);
    let path = bundle.path().to_str().unwrap();
    let started = verb(&bundle, &["run", "--detach", "--bundle", path, bundle.id()]);
    assert!(started.status.success(), "{}", bundle.said(&started));
    let scope = format!("/knarr.slice/knarr-test.slice/krt-{}.scope", bundle.id());
    let cgroups = fs::read_to_string(format!("/proc/{}/cgroup", bundle.state().pid)).unwrap();
    assert!(cgroups.lines().any(|line| line.ends_with(&scope)), "{cgroups}");
    let pids: Vec<i32> = serde_json::from_str(&bundle.ok(&["ps", "--format", "json", bundle.id()])).unwrap();
    assert_eq!(pids, [bundle.state().pid], "nobody else is in the scope");
    let updated = verb(&bundle, &["update", "--pids-limit", "30", bundle.id()]);
    assert!(updated.status.success(), "{}", bundle.said(&updated));
    let deleted = verb(&bundle, &["delete", "--force", bundle.id()]);
    assert!(deleted.status.success(), "{}", bundle.said(&deleted));
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
    assert!(!run.status.success());
    assert!(bundle.said(&run).contains("StartTransientUnit"), "{}", bundle.said(&run));
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
