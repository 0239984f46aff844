//! `start`: the program begins.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    the_program_runs: ["runtime/start", "runtime/start-status"],
    a_second_start_is_refused_and_changes_nothing: ["runtime/start-twice"],
    an_unknown_container_is_refused: ["runtime/start-arguments"],
    an_id_is_required: ["runtime/start-arguments"],
    a_stopped_container_is_refused: ["runtime/start-twice"],
    the_exit_code_does_not_fail_start: ["runtime/start"],
}

fn the_program_runs(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran > /etc/ran; sleep 1000");
    bundle.create();
    bundle.ok(&["start", bundle.id()]);
    assert_eq!(bundle.status(), "running");
    bundle.until_there("etc/ran");
}

fn a_second_start_is_refused_and_changes_nothing(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.create();
    bundle.ok(&["start", bundle.id()]);
    let pid = bundle.pid();
    let said = bundle.refused(&["start", bundle.id()]);
    assert!(said.contains("running"), "{said}");
    assert_eq!((bundle.status().as_str(), bundle.pid()), ("running", pid));
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let said = bundle.refused(&["start", "unknown"]);
    assert!(said.contains("does not exist"), "{said}");
}

fn an_id_is_required(runtime: &Runtime) {
    runtime.program(&["/bin/true"]).refused(&["start"]);
}

fn a_stopped_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    let said = bundle.refused(&["start", bundle.id()]);
    assert!(said.contains("stopped"), "{said}");
}

fn the_exit_code_does_not_fail_start(runtime: &Runtime) {
    let bundle = runtime.shell("exit 9");
    bundle.create();
    bundle.ok(&["start", bundle.id()]);
    knarr_runtime_cases::until("stopped", || bundle.status() == "stopped");
}
