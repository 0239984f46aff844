//! `delete`.

use knarr_runtime_cases::{Runtime, cases, ended};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

cases! {
    a_stopped_container_goes: ["runtime/delete"],
    a_running_container_is_refused_and_lives_on: ["runtime/delete-running"],
    a_paused_container_is_refused: ["runtime/delete-running"],
    force_ends_every_process: ["cli/delete"],
    force_ends_a_paused_container: ["cli/delete"],
    an_unknown_container_is_refused: ["runtime/delete-arguments"],
    force_does_not_mind_an_unknown_container: ["cli/delete"],
    an_id_is_required: ["runtime/delete-arguments"],
    what_the_container_did_not_make_stays: ["runtime/delete-foreign"],
    twice_is_refused: ["runtime/delete-arguments"],
}

fn a_stopped_container_goes(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    bundle.ok(&["delete", bundle.id()]);
    bundle.assert_nothing_left();
    bundle.refused(&["state", bundle.id()]);
}

fn a_running_container_is_refused_and_lives_on(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let said = bundle.refused(&["delete", bundle.id()]);
    assert!(said.contains("running") || said.contains("not stopped"), "{said}");
    assert_eq!(bundle.status(), "running");
}

fn a_paused_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["pause", bundle.id()]);
    bundle.refused(&["delete", bundle.id()]);
    assert_eq!(bundle.status(), "paused");
}

fn force_ends_every_process(runtime: &Runtime) {
    let bundle = runtime.shell("sleep 1000 & sleep 1000 & wait");
    bundle.start();
    let first = pidfd_open(Pid::from_raw(bundle.pid()).unwrap(), PidfdFlags::empty()).unwrap();
    bundle.ok(&["delete", "--force", bundle.id()]);
    ended(&first);
    bundle.assert_nothing_left();
}

fn force_ends_a_paused_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["pause", bundle.id()]);
    bundle.ok(&["delete", "-f", bundle.id()]);
    bundle.assert_nothing_left();
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let said = runtime.program(&["/bin/true"]).refused(&["delete", "unknown"]);
    assert!(said.contains("does not exist"), "{said}");
}

fn force_does_not_mind_an_unknown_container(runtime: &Runtime) {
    runtime.program(&["/bin/true"]).ok(&["delete", "--force", "unknown"]);
}

fn an_id_is_required(runtime: &Runtime) {
    runtime.program(&["/bin/true"]).refused(&["delete"]);
}

fn what_the_container_did_not_make_stays(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let source = bundle.folder("source");
    bundle.write("source/file", "mine");
    bundle.mount("/data", "bind", &source, &["rbind"]);
    bundle.start();
    bundle.end();
    bundle.ok(&["delete", bundle.id()]);
    assert_eq!(bundle.read("source/file"), "mine");
    assert!(bundle.rootfs().join("bin/busybox").exists());
    assert!(bundle.path().join("config.json").exists());
}

fn twice_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    bundle.ok(&["delete", bundle.id()]);
    bundle.refused(&["delete", bundle.id()]);
}
