//! `state`.

use knarr_runtime_cases::{Runtime, cases, until};
use serde_json::json;

cases! {
    has_what_the_specification_asks_for: ["runtime/state"],
    follows_the_container: ["runtime/state", "runtime/kill-status", "runtime/operations"],
    has_no_process_when_stopped: ["runtime/state"],
    an_unknown_container_is_refused: ["runtime/state-arguments"],
    an_id_is_required: ["runtime/state-arguments"],
    annotations_are_in_it: ["config/annotations", "runtime/state"],
    the_pid_is_the_programs: ["runtime/state"],
}

fn has_what_the_specification_asks_for(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let state = bundle.state();
    assert!(state["ociVersion"].as_str().unwrap().starts_with("1."), "{state}");
    assert_eq!(state["id"], bundle.id());
    assert_eq!(state["status"], "running");
    assert_eq!(state["bundle"], bundle.word());
}

fn follows_the_container(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.create();
    let mut seen = vec![bundle.status()];
    bundle.ok(&["start", bundle.id()]);
    seen.push(bundle.status());
    bundle.ok(&["pause", bundle.id()]);
    seen.push(bundle.status());
    bundle.ok(&["resume", bundle.id()]);
    seen.push(bundle.status());
    bundle.end();
    seen.push(bundle.status());
    assert_eq!(seen, ["created", "running", "paused", "running", "stopped"]);
}

fn has_no_process_when_stopped(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    assert_eq!(bundle.state()["pid"], json!(0));
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let said = runtime.program(&["/bin/true"]).refused(&["state", "unknown"]);
    assert!(said.contains("does not exist"), "{said}");
}

fn an_id_is_required(runtime: &Runtime) {
    runtime.program(&["/bin/true"]).refused(&["state"]);
}

fn annotations_are_in_it(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/annotations", json!({ "org.example.key": "value", "empty": "" }));
    bundle.create();
    let state = bundle.state();
    assert_eq!(state["annotations"]["org.example.key"], "value", "{state}");
    assert_eq!(state["annotations"]["empty"], "", "{state}");
}

fn the_pid_is_the_programs(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let file = format!("/proc/{}/cmdline", bundle.pid());
    until("it is the program", || std::fs::read_to_string(&file).unwrap() == "/bin/sleep\x001000\0");
}
