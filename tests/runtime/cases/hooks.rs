//! Hooks: order, namespaces, what they are told, failures.

use std::fs;

use knarr_runtime_cases::{Bundle, Runtime, cases, until};
use serde_json::{Value, json};

cases! {
    run_in_their_order: ["config/hooks-order", "runtime/lifecycle"] Ours("runc and crun run poststart before startContainer"),
    several_of_a_stage_run_in_the_listed_order: ["config/hooks-order"],
    create_runs_the_first_three_stages_only: ["config/hooks-order", "runtime/lifecycle"]
        Crun("runc 1.1 runs poststart with create"),
    are_told_the_state: ["config/hooks-state"],
    early_ones_are_told_creating: ["config/hooks-state"],
    poststart_is_told_running: ["config/hooks-state"] Crun("runc 1.1 runs it with create"),
    poststop_is_told_stopped: ["config/hooks-state"],
    start_container_is_told_created: ["config/hooks-state"],
    annotations_are_in_the_state: ["config/hooks-state"],
    arguments_are_the_listed_ones: ["config/hooks"],
    environment_is_the_listed_one: ["config/hooks"] Crun("runc gives its own where none is listed"),
    runtime_hooks_run_in_the_runtimes_namespaces: ["config/hooks-namespaces"],
    create_container_hooks_run_in_the_containers_namespaces: ["config/hooks-namespaces"],
    start_container_hooks_see_the_containers_root: ["config/hooks-namespaces"],
    early_hooks_see_the_root_before_pivot_root: ["config/hooks-namespaces"],
    a_failing_prestart_hook_ends_the_container: ["runtime/hooks-failure"],
    a_failing_create_runtime_hook_ends_the_container: ["runtime/hooks-failure"],
    a_failing_create_container_hook_ends_the_container: ["runtime/hooks-failure"],
    a_failing_start_container_hook_ends_the_container: ["runtime/hooks-failure"],
    a_failing_poststop_hook_is_no_failure: ["runtime/hooks-failure-late"] Ours("runc stops at the first, crun deletes all the same"),
    a_failing_poststart_hook_is_no_failure: ["runtime/hooks-failure-late"] Ours("runc and crun fail, as 1.0 of the specification did not want"),
    a_hook_that_is_not_there_fails: ["config/hooks"],
    a_hook_killed_by_a_signal_fails: ["runtime/hooks-failure"],
    a_hook_that_takes_too_long_fails: ["config/hooks-timeout"],
    a_hook_within_its_time_is_fine: ["config/hooks-timeout"],
    a_hook_need_not_read_the_state: ["config/hooks-state"],
    a_timeout_of_nothing_is_refused: ["config/hooks-timeout"] Ours("runc and crun take it for none"),
    a_relative_path_is_refused: ["config/hooks"] Crun("runc 1.1 looks it up in its working directory"),
    what_create_left_is_gone_after_a_failure: ["runtime/hooks-failure", "runtime/errors"],
    the_next_hooks_do_not_run_after_a_failure: ["runtime/hooks-failure"],
    a_runtime_that_is_killed_takes_the_first_process_with_it: ["runtime/hooks-failure"]
        Ours("runc leaves its cgroups, and knows nothing of them later"),
}

/// All stages in their order.
pub const STAGES: [&str; 6] = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/// A hook that runs a script of the host (or, for startContainer, of the container).
pub fn hook(script: &str) -> Value {
    json!({ "path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] })
}

/// A container whose hooks of every stage note their names in a file that host and container share.
fn noting<'r>(runtime: &'r Runtime, args: &[&str]) -> Bundle<'r> {
    let mut bundle = runtime.program(args);
    let file = bundle.file("rootfs/etc/notes");
    for stage in STAGES {
        let place = if stage == "startContainer" { "/etc/notes" } else { &file };
        let script = format!("cat > /dev/null; echo {stage} >> {place}");
        bundle.set(&format!("/hooks/{stage}"), json!([hook(&script)]));
    }
    bundle
}

fn notes(bundle: &Bundle<'_>) -> Vec<String> {
    bundle.read("rootfs/etc/notes").lines().map(str::to_owned).collect()
}

fn run_in_their_order(runtime: &Runtime) {
    let bundle = noting(runtime, &["/bin/true"]);
    bundle.output();
    assert_eq!(notes(&bundle), STAGES);
}

fn several_of_a_stage_run_in_the_listed_order(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("rootfs/etc/notes");
    for name in ["one", "two", "three"] {
        bundle.push("/hooks/createRuntime", hook(&format!("echo {name} >> {file}")));
    }
    bundle.output();
    assert_eq!(notes(&bundle), ["one", "two", "three"]);
}

fn create_runs_the_first_three_stages_only(runtime: &Runtime) {
    let bundle = noting(runtime, &["/bin/sleep", "1000"]);
    bundle.create();
    assert_eq!(notes(&bundle), STAGES[..3]);
}

/// What the hook of a stage was told.
fn told(runtime: &Runtime, stage: &str) -> (Value, String) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let place = if stage == "startContainer" { "/etc/told".to_owned() } else { bundle.file("rootfs/etc/told") };
    bundle.set("/annotations", json!({ "a.b": "c" }));
    bundle.set(&format!("/hooks/{stage}"), json!([hook(&format!("cat > {place}"))]));
    bundle.output();
    let state: Value = serde_json::from_str(&bundle.read("rootfs/etc/told")).unwrap();
    assert_eq!(state["bundle"], bundle.word(), "{stage}");
    (state, bundle.id().to_owned())
}

fn are_told_the_state(runtime: &Runtime) {
    for stage in STAGES {
        let (state, id) = told(runtime, stage);
        assert_eq!(state["id"], id, "{stage}");
        assert!(state["ociVersion"].as_str().unwrap().starts_with("1."), "{stage}");
    }
    let (state, _) = told(runtime, "createRuntime");
    assert!(state["pid"].as_i64().unwrap() > 0, "{state}");
}

fn early_ones_are_told_creating(runtime: &Runtime) {
    for stage in ["prestart", "createRuntime", "createContainer"] {
        assert_eq!(told(runtime, stage).0["status"], "creating", "{stage}");
    }
}

fn poststart_is_told_running(runtime: &Runtime) {
    assert_eq!(told(runtime, "poststart").0["status"], "running");
}

fn poststop_is_told_stopped(runtime: &Runtime) {
    assert_eq!(told(runtime, "poststop").0["status"], "stopped");
}

fn start_container_is_told_created(runtime: &Runtime) {
    assert_eq!(told(runtime, "startContainer").0["status"], "created");
}

fn annotations_are_in_the_state(runtime: &Runtime) {
    assert_eq!(told(runtime, "createRuntime").0["annotations"]["a.b"], "c");
}

fn arguments_are_the_listed_ones(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("noted");
    let script = format!("echo \"$0|$1|$2\" > {file}");
    bundle.set("/hooks/createRuntime", json!([{ "path": "/bin/sh", "args": ["sh", "-c", script, "name", "a b", ""] }]));
    bundle.output();
    assert_eq!(bundle.read("noted"), "name|a b|\n");
}

fn environment_is_the_listed_one(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("noted");
    let script = format!("/usr/bin/env > {file}");
    bundle.set("/hooks/createRuntime", json!([{ "path": "/bin/sh", "args": ["sh", "-c", script], "env": ["A=b c", "D="] }]));
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    command.env("SECRET", "of the host");
    bundle.finish(command).ok();
    let noted = bundle.read("noted");
    assert!(noted.contains("A=b c\n") && noted.contains("D=\n") && !noted.contains("SECRET"), "{noted}");
}

fn namespaces(runtime: &Runtime, stage: &str, kind: &str) -> (String, String) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let file = bundle.file("noted");
    bundle.set(&format!("/hooks/{stage}"), json!([hook(&format!("readlink /proc/self/ns/{kind} > {file}"))]));
    bundle.start();
    let of_container = fs::read_link(format!("/proc/{}/ns/{kind}", bundle.pid())).unwrap();
    (bundle.read("noted").trim().to_owned(), of_container.display().to_string())
}

fn runtime_hooks_run_in_the_runtimes_namespaces(runtime: &Runtime) {
    for stage in ["prestart", "createRuntime", "poststart"] {
        for kind in ["net", "uts"] {
            let own = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
            assert_eq!(namespaces(runtime, stage, kind).0, own.display().to_string(), "{stage} {kind}");
        }
    }
}

fn create_container_hooks_run_in_the_containers_namespaces(runtime: &Runtime) {
    for kind in ["net", "uts", "mnt", "ipc"] {
        let (noted, of_container) = namespaces(runtime, "createContainer", kind);
        assert_eq!(noted, of_container, "{kind}");
    }
}

fn start_container_hooks_see_the_containers_root(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/hooks/startContainer", json!([hook("ls / > /etc/noted; hostname >> /etc/noted")]));
    bundle.output();
    assert_eq!(bundle.read("rootfs/etc/noted"), "bin\ndev\netc\nhome\nproc\nroot\nsys\ntmp\ncase\n");
}

fn early_hooks_see_the_root_before_pivot_root(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("noted");
    let config = bundle.file("config.json");
    bundle.set("/hooks/createContainer", json!([hook(&format!("test -f {config} && echo seen > {file}"))]));
    bundle.output();
    assert_eq!(bundle.read("noted"), "seen\n");
}

fn failing(runtime: &Runtime, stage: &str) {
    let mut bundle = runtime.program(&["/bin/touch", "/etc/ran"]);
    bundle.set(&format!("/hooks/{stage}"), json!([hook("cat > /dev/null; exit 7")]));
    bundle.cannot_run();
    assert!(!bundle.rootfs().join("etc/ran").exists(), "{stage}");
}

fn a_failing_prestart_hook_ends_the_container(runtime: &Runtime) {
    failing(runtime, "prestart");
}

fn a_failing_create_runtime_hook_ends_the_container(runtime: &Runtime) {
    failing(runtime, "createRuntime");
}

fn a_failing_create_container_hook_ends_the_container(runtime: &Runtime) {
    failing(runtime, "createContainer");
}

fn a_failing_start_container_hook_ends_the_container(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/touch", "/etc/ran"]);
    bundle.set("/hooks/startContainer", json!([hook("cat > /dev/null; exit 7")]));
    assert!(!bundle.run().status.success());
    assert!(!bundle.rootfs().join("etc/ran").exists());
}

fn a_failing_poststop_hook_is_no_failure(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("noted");
    bundle.set("/hooks/poststop", json!([hook("exit 7"), hook(&format!("echo next > {file}"))]));
    bundle.output();
    assert_eq!(bundle.read("noted"), "next\n");
}

fn a_failing_poststart_hook_is_no_failure(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    let file = bundle.file("noted");
    bundle.set("/hooks/poststart", json!([hook("exit 7"), hook(&format!("echo next > {file}"))]));
    let outcome = bundle.run();
    let warned = outcome.log.iter().any(|line| line["level"] == "warning");
    assert!(warned, "{:?}", outcome.log);
    assert_eq!(outcome.ok(), "ran\n");
    assert_eq!(bundle.read("noted"), "next\n");
}

fn a_hook_that_is_not_there_fails(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/hooks/createRuntime", json!([{ "path": "/no/such/hook" }]));
    let said = bundle.cannot_run();
    assert!(said.contains("/no/such/hook") || said.contains("hook"), "{said}");
}

fn a_hook_killed_by_a_signal_fails(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/hooks/createRuntime", json!([hook("kill -9 $$")]));
    bundle.cannot_run();
}

fn a_hook_that_takes_too_long_fails(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/hooks/createRuntime", json!([{ "path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1 }]));
    bundle.cannot_run();
}

fn a_hook_within_its_time_is_fine(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/hooks/createRuntime", json!([{ "path": "/bin/true", "args": ["true"], "timeout": 60 }]));
    bundle.output();
}

fn a_hook_need_not_read_the_state(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/annotations", json!({ "long": "x".repeat(200_000) }));
    bundle.set("/hooks/createRuntime", json!([{ "path": "/bin/true", "args": ["true"] }]));
    bundle.output();
}

fn a_timeout_of_nothing_is_refused(runtime: &Runtime) {
    for timeout in [0, -1] {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set("/hooks/createRuntime", json!([{ "path": "/bin/true", "args": ["true"], "timeout": timeout }]));
        bundle.cannot_run();
    }
}

fn a_relative_path_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/hooks/createRuntime", json!([{ "path": "bin/true", "args": ["true"] }]));
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    command.current_dir("/");
    bundle.finish(command).refused();
}

fn what_create_left_is_gone_after_a_failure(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/hooks/createRuntime", json!([hook("exit 7")]));
    bundle.refused(&["create", "--bundle", bundle.word(), bundle.id()]);
    bundle.assert_nothing_left();
    bundle.refused(&["state", bundle.id()]);
}

fn the_next_hooks_do_not_run_after_a_failure(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let file = bundle.file("noted");
    bundle.set("/hooks/createRuntime", json!([hook("exit 7"), hook(&format!("echo next > {file}"))]));
    bundle.cannot_run();
    assert_eq!(bundle.read("noted"), "");
}

/// Seen to fail while the first process held a copy of the runtime's end of their socket.
fn a_runtime_that_is_killed_takes_the_first_process_with_it(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    let told = bundle.file("told");
    bundle.set("/hooks/createRuntime", json!([hook(&format!("cat > {told}; kill -KILL $PPID"))]));
    let outcome = bundle.verb(&["create", "--bundle", bundle.word(), bundle.id()]);
    assert_eq!(outcome.code(), None, "the runtime was killed");
    let told: Value = serde_json::from_str(&bundle.read("told")).unwrap();
    let stat = format!("/proc/{}/stat", told["pid"]);
    until("the first process has ended", || fs::read_to_string(&stat).is_ok_and(|s| s.contains(") Z ")) || !fs::exists(&stat).unwrap());
    bundle.ok(&["delete", "--force", bundle.id()]);
    bundle.assert_nothing_left();
}
