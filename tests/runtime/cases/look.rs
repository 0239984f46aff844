//! `list`, `ps`, `events --stats`, `features`, `spec`, `--version`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use knarr_runtime_cases::{Bundle, Runtime, cases, until};
use serde_json::Value;

cases! {
    list_has_the_container: ["cli/list"],
    list_as_json: ["cli/list"],
    list_quiet: ["cli/list"],
    list_of_nothing_is_a_heading: ["cli/list"],
    list_of_nothing_as_json: ["cli/list"] Crun("runc prints null"),
    list_refuses_an_unknown_format: ["cli/list"],
    list_has_stopped_containers: ["cli/list"],
    ps_has_every_process: ["cli/ps"],
    ps_as_a_table: ["cli/ps"],
    ps_of_an_unknown_container_is_refused: ["cli/ps"],
    events_show_what_is_used: ["cli/events"],
    events_are_told_until_the_container_ends: ["cli/events"],
    running_out_of_memory_is_an_event: ["cli/events"] Ours("on a v1 host Debian's runc and crun need the memory of a program of Go's"),
    events_of_a_stopped_container_are_refused: ["cli/events"],
    features_tell_what_is_known: ["features"],
    spec_writes_a_document_that_runs: ["cli/spec"],
    spec_overwrites_nothing: ["cli/spec"],
    spec_for_others_than_root_has_a_user_namespace: ["cli/spec"],
    version_tells_the_specifications: ["cli/version"],
}

fn list_has_the_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let text = bundle.ok(&["list"]);
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(heading, ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]);
    let line = lines.next().unwrap();
    for word in [bundle.id(), "running", bundle.word(), "root", &bundle.pid().to_string()] {
        assert!(line.contains(word), "{word}: {line}");
    }
}

fn list_as_json(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let list: Value = serde_json::from_str(&bundle.ok(&["list", "--format", "json"])).unwrap();
    assert_eq!(list[0]["id"], bundle.id());
    assert_eq!(list[0]["status"], "running");
    assert_eq!(list[0]["bundle"], bundle.word());
    assert_eq!(list[0]["owner"], "root");
    assert!(list[0]["created"].as_str().unwrap().ends_with('Z'), "{list}");
}

fn list_quiet(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    assert_eq!(bundle.ok(&["list", "-q"]).trim(), bundle.id());
    assert_eq!(bundle.ok(&["list", "--quiet"]).trim(), bundle.id());
}

fn list_of_nothing_is_a_heading(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    bundle.folder("records");
    assert_eq!(bundle.ok(&["list"]).lines().count(), 1);
}

fn list_of_nothing_as_json(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    bundle.folder("records");
    let list: Value = serde_json::from_str(&bundle.ok(&["list", "--format", "json"])).unwrap();
    assert_eq!(list, serde_json::json!([]));
}

fn list_refuses_an_unknown_format(runtime: &Runtime) {
    runtime.sleeper().refused(&["list", "--format", "yaml"]);
}

fn list_has_stopped_containers(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    let list: Value = serde_json::from_str(&bundle.ok(&["list", "-f", "json"])).unwrap();
    assert_eq!(list[0]["status"], "stopped");
    assert_eq!(list[0]["pid"], 0);
}

fn ps_has_every_process(runtime: &Runtime) {
    let bundle = runtime.shell("sleep 1000 & sleep 1000 & touch /etc/ready; wait");
    bundle.start();
    bundle.until_there("etc/ready");
    let pids = || -> Vec<i32> { serde_json::from_str(&bundle.ok(&["ps", "--format", "json", bundle.id()])).unwrap() };
    until("the shell and its two sleepers", || pids().len() == 3);
    assert!(pids().contains(&bundle.pid()));
}

fn ps_as_a_table(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    until("the program runs", || bundle.ok(&["ps", bundle.id()]).contains("sleep 1000"));
    let text = bundle.ok(&["ps", bundle.id()]);
    assert!(text.lines().next().unwrap().contains("PID"), "{text}");
    assert!(text.contains(&bundle.pid().to_string()), "{text}");
}

fn ps_of_an_unknown_container_is_refused(runtime: &Runtime) {
    runtime.program(&["/bin/true"]).refused(&["ps", "unknown"]);
}

fn events_show_what_is_used(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/linux/resources/memory/limit", 64 << 20);
    bundle.set("/linux/resources/pids/limit", 9);
    bundle.start();
    let stats: Value = serde_json::from_str(&bundle.ok(&["events", "--stats", bundle.id()])).unwrap();
    assert_eq!(stats["type"], "stats");
    assert_eq!(stats["id"], bundle.id());
    assert_eq!(stats["data"]["memory"]["usage"]["limit"], 64 << 20);
    assert_eq!(stats["data"]["pids"]["limit"], 9);
    assert!(stats["data"]["pids"]["current"].as_u64().unwrap() >= 1);
    assert!(stats["data"]["memory"]["usage"]["usage"].as_u64().unwrap() > 0);
    assert!(stats["data"]["cpu"]["usage"]["total"].as_u64().unwrap() > 0);
}

/// Lines of a stream of events.
fn stream(bundle: &Bundle<'_>, interval: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = bundle.command(&["events", "--interval", interval, bundle.id()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn event(lines: &mut BufReader<std::process::ChildStdout>) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn events_are_told_until_the_container_ends(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let (mut child, mut lines) = stream(&bundle, "50ms");
    for _ in 0..2 {
        let told = event(&mut lines);
        assert_eq!((told["type"].as_str(), told["id"].as_str()), (Some("stats"), Some(bundle.id())));
    }
    bundle.ok(&["delete", "--force", bundle.id()]);
    assert!(child.wait().unwrap().success());
}

fn running_out_of_memory_is_an_event(runtime: &Runtime) {
    let mut bundle = runtime.shell("while true; do dd if=/dev/zero of=/dev/null bs=200M count=1; sleep 0.1; done");
    bundle.set("/linux/resources/memory/limit", 32 << 20);
    bundle.start();
    let (mut child, mut lines) = stream(&bundle, "1h");
    let told = event(&mut lines);
    assert_eq!((told["type"].as_str(), told["id"].as_str()), (Some("oom"), Some(bundle.id())));
    bundle.ok(&["delete", "--force", bundle.id()]);
    child.wait().unwrap();
}

fn events_of_a_stopped_container_are_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    bundle.refused(&["events", "--stats", bundle.id()]);
}

fn features_tell_what_is_known(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let features: Value = serde_json::from_str(&bundle.ok(&["features"])).unwrap();
    let has = |place: &str, name: &str| features.pointer(place).unwrap().as_array().unwrap().iter().any(|known| known == name);
    assert!(features["ociVersionMin"].as_str().unwrap().starts_with("1."));
    assert!(has("/hooks", "createRuntime") && has("/mountOptions", "rbind"), "{features}");
    assert!(has("/linux/namespaces", "pid") && has("/linux/capabilities", "CAP_CHOWN"), "{features}");
    assert_eq!(features["linux"]["cgroup"]["v1"], true);
    assert_eq!(features["linux"]["seccomp"]["enabled"], true);
}

fn spec_writes_a_document_that_runs(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    let place = bundle.folder("spec");
    bundle.ok(&["spec", "--bundle", &place]);
    let document: Value = serde_json::from_str(&bundle.read("spec/config.json")).unwrap();
    let cgroup = bundle["linux"]["cgroupsPath"].clone();
    **bundle = document;
    bundle.set("/process/terminal", false);
    bundle.set("/process/args", serde_json::json!(["/bin/echo", "ran"]));
    bundle.set("/linux/cgroupsPath", cgroup);
    assert_eq!(bundle.output(), "ran\n");
}

fn spec_overwrites_nothing(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let place = bundle.folder("spec");
    bundle.write("spec/config.json", "mine");
    bundle.refused(&["spec", "--bundle", &place]);
    assert_eq!(bundle.read("spec/config.json"), "mine");
}

fn spec_for_others_than_root_has_a_user_namespace(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let place = bundle.folder("spec");
    bundle.ok(&["spec", "--rootless", "--bundle", &place]);
    let document: Value = serde_json::from_str(&bundle.read("spec/config.json")).unwrap();
    let namespaces = document["linux"]["namespaces"].as_array().unwrap();
    assert!(namespaces.iter().any(|namespace| namespace["type"] == "user"), "{document}");
    assert_eq!(document["linux"]["uidMappings"][0]["size"], 1);
}

fn version_tells_the_specifications(runtime: &Runtime) {
    let text = runtime.program(&["/bin/true"]).ok(&["--version"]);
    assert!(text.lines().any(|line| line.starts_with("spec: 1.")), "{text}");
}
