//! The command line, as callers of runc know it.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use support::Bundle;

fn verbs() -> Vec<String> {
    let bundle = Bundle::program(&["/bin/true"]);
    let help = bundle.ok(&["--help"]);
    let lines = help.lines().skip_while(|line| !line.starts_with("  ")).take_while(|line| line.starts_with("  "));
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_verb_explains_itself_and_refuses_unknown_flags() {
    let all = verbs();
    for verb in [
        "create",
        "run",
        "start",
        "exec",
        "state",
        "list",
        "ps",
        "events",
        "kill",
        "pause",
        "resume",
        "update",
        "delete",
        "spec",
        "features",
        "checkpoint",
        "restore",
    ] {
        assert!(all.contains(&verb.to_owned()), "{verb} is not in {all:?}");
    }
    let bundle = Bundle::program(&["/bin/true"]);
    for verb in all {
        let help = bundle.ok(&[&verb, "--help"]);
        assert!(help.contains(&format!("usage: knarr runtime {verb}")), "{help}");
        assert!(bundle.refused(&[&verb, "--no-such-flag"]).contains("flag provided but not defined"), "{verb}");
    }
}

#[test]
fn the_version_has_the_lines_that_engines_read() {
    let text = Bundle::program(&["/bin/true"]).ok(&["--version"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("knarr-runtime version "), "{text}");
    assert!(lines.contains(&"spec: 1.2.0"), "{text}");
}

#[test]
fn flags_before_the_verb_that_change_nothing_are_taken() {
    let bundle = Bundle::program(&["/bin/true"]);
    assert_eq!(bundle.ok(&["--rootless", "auto", "--criu", "/nowhere", "--debug", "list", "-q"]), "");
    assert!(fs::read_to_string(bundle.log()).unwrap().contains("\"level\":\"debug\""));
    assert!(bundle.refused(&["--rootless", "perhaps", "list"]).contains("rootless"));
}

#[test]
fn checkpoints_are_refused_in_clear_words() {
    let bundle = Bundle::program(&["/bin/true"]);
    for verb in ["checkpoint", "restore"] {
        assert!(bundle.refused(&[verb, bundle.id()]).contains("is not supported"));
    }
}

#[test]
fn flags_may_follow_the_id() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    bundle.ok(&["kill", bundle.id(), "KILL", "--all"]);
    bundle.ok(&["delete", bundle.id(), "--force"]);
}

#[test]
fn lists_are_tables_json_or_ids() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    assert_eq!(bundle.ok(&["list", "-q"]), format!("{}\n", bundle.id()));
    let table = bundle.ok(&["list"]);
    assert!(table.starts_with("ID ") && table.contains(bundle.id()), "{table}");
    let json: serde_json::Value = serde_json::from_str(&bundle.ok(&["list", "-f", "json"])).unwrap();
    assert_eq!(json[0]["status"], "running");
    let pids: Vec<i32> = serde_json::from_str(&bundle.ok(&["ps", "--format", "json", bundle.id()])).unwrap();
    assert_eq!(pids, [bundle.state().pid]);
    assert!(bundle.ok(&["ps", bundle.id()]).contains("/bin/sleep 1000"));
}

#[test]
fn events_are_told_until_the_container_ends() {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    let one: serde_json::Value = serde_json::from_str(&bundle.ok(&["events", "--stats", bundle.id()])).unwrap();
    assert_eq!((one["type"].as_str(), one["id"].as_str()), (Some("stats"), Some(bundle.id())));
    assert_eq!(one["data"]["pids"]["current"], 1);
    assert!(one["data"]["memory"]["usage"]["usage"].as_u64().unwrap() > 0);
    let mut stream =
        bundle.command(&["events", "--interval", "50ms", bundle.id()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(stream.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let event: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(event["type"], "stats");
    }
    bundle.ok(&["kill", bundle.id(), "KILL"]);
    assert!(stream.wait().unwrap().success());
    assert!(bundle.refused(&["events", "--stats", bundle.id()]).contains("stopped"));
}

#[test]
fn running_out_of_memory_is_an_event() {
    let mut bundle = Bundle::shell("while true; do dd if=/dev/zero of=/dev/null bs=200M count=1; sleep 0.1; done");
    let memory = knarr_spec::Memory { limit: Some(32 << 20), ..Default::default() };
    bundle.linux().resources.get_or_insert_default().memory = Some(memory);
    bundle.start();
    let mut stream =
        bundle.command(&["events", "--interval", "1h", bundle.id()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(stream.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((event["type"].as_str(), event["id"].as_str()), (Some("oom"), Some(bundle.id())));
    bundle.ok(&["delete", "--force", bundle.id()]);
    stream.wait().unwrap();
}

#[test]
fn limits_are_changed_by_flags_and_by_documents() {
    let mut bundle = Bundle::program(&["/bin/sleep", "1000"]);
    let memory = knarr_spec::Memory { limit: Some(64 << 20), ..Default::default() };
    bundle.linux().resources.get_or_insert_default().memory = Some(memory);
    bundle.start();
    let limit = |bundle: &Bundle| {
        let text = bundle.ok(&["events", "--stats", bundle.id()]);
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        (event["data"]["memory"]["usage"]["limit"].as_u64().unwrap(), event["data"]["pids"]["limit"].as_u64().unwrap())
    };
    bundle.ok(&["update", "--memory", "100663296", "--pids-limit", "20", bundle.id()]);
    assert_eq!(limit(&bundle), (96 << 20, 20));
    let file = bundle.path().join("resources.json");
    fs::write(&file, r#"{"memory":{"limit":50331648},"pids":{"limit":30}}"#).unwrap();
    bundle.ok(&["update", "--resources", file.to_str().unwrap(), bundle.id()]);
    assert_eq!(limit(&bundle), (48 << 20, 30));
    let mut update = bundle.command(&["update", "-r", "-", bundle.id()]).stdin(Stdio::piped()).spawn().unwrap();
    update.stdin.take().unwrap().write_all(br#"{"memory":{"limit":67108864}}"#).unwrap();
    assert!(update.wait().unwrap().success());
    assert_eq!(limit(&bundle), (64 << 20, 30));
}

#[test]
fn an_example_is_written_for_root_and_for_others() {
    let bundle = Bundle::program(&["/bin/true"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    bundle.ok(&["spec", "--bundle", path]);
    assert!(bundle.refused(&["spec", "--bundle", path]).contains("exists"));
    fs::remove_file(folder.path().join("config.json")).unwrap();
    bundle.ok(&["spec", "--rootless", "--bundle", path]);
    let spec: knarr_spec::Spec = serde_json::from_slice(&fs::read(folder.path().join("config.json")).unwrap()).unwrap();
    let linux = spec.linux.unwrap();
    assert!(linux.namespaces.iter().any(|namespace| namespace.kind == knarr_spec::NamespaceKind::User));
    assert_eq!(linux.uid_mappings[0].size, 1);
    assert!(spec.process.unwrap().terminal);
}
