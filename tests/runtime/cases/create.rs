//! `create`: everything but the program.

use std::fs;

use knarr_runtime_cases::{Runtime, cases};
use serde_json::json;

cases! {
    the_status_is_created_and_nothing_ran: ["runtime/create", "runtime/create-not-run", "runtime/create-status"],
    resources_exist_before_start: ["runtime/create"],
    later_changes_of_the_document_do_not_count: ["runtime/create-changes"],
    a_taken_id_is_refused_and_the_owner_lives_on: ["runtime/create-unique"],
    an_id_is_required: ["runtime/create-arguments"],
    a_bundle_that_is_not_there_is_refused: ["runtime/create-arguments", "bundle/config"],
    a_bundle_without_a_document_is_refused: ["bundle/config"],
    a_failure_leaves_nothing: ["runtime/errors"],
    a_program_that_is_not_there_is_told: ["runtime/errors"],
    can_be_deleted_without_having_run: ["runtime/delete"],
    can_be_killed_before_start: ["runtime/kill"],
    the_working_directory_of_the_caller_does_not_matter: ["runtime/create"],
}

fn the_status_is_created_and_nothing_ran(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran > /etc/ran");
    bundle.create();
    assert_eq!(bundle.status(), "created");
    assert!(bundle.pid() > 0);
    assert!(!bundle.rootfs().join("etc/ran").exists());
}

fn resources_exist_before_start(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.create();
    let pid = bundle.pid();
    for kind in ["mnt", "pid", "net", "ipc", "uts"] {
        let link = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        assert_ne!(link(&pid.to_string()), link("self"), "{kind}");
    }
    let cgroups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    assert!(cgroups.contains(&format!(":/knarr-cases/{}", bundle.id())), "{cgroups}");
    let root = fs::read_link(format!("/proc/{pid}/root")).unwrap();
    assert_eq!(root.to_str(), Some("/"));
    let entries = fs::read_dir(format!("/proc/{pid}/root/dev")).unwrap().count();
    assert!(entries > 5, "/dev has {entries} entries");
}

fn later_changes_of_the_document_do_not_count(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo first > /etc/ran; sleep 1000");
    bundle.create();
    bundle.set("/process/args", json!(["/bin/sh", "-c", "echo second > /etc/ran; sleep 1000"]));
    bundle.ok(&["start", bundle.id()]);
    bundle.until_there("etc/ran");
    knarr_runtime_cases::until("written", || !bundle.read("rootfs/etc/ran").is_empty());
    assert_eq!(bundle.read("rootfs/etc/ran"), "first\n");
}

fn a_taken_id_is_refused_and_the_owner_lives_on(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for verb in ["create", "run"] {
        let said = bundle.refused(&[verb, "--bundle", bundle.word(), bundle.id()]);
        assert!(said.contains("already exists"), "{said}");
    }
    assert_eq!(bundle.status(), "running");
}

fn an_id_is_required(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    bundle.refused(&["create", "--bundle", bundle.word()]);
    bundle.refused(&["create", "--bundle", bundle.word(), bundle.id(), "another"]);
    bundle.assert_nothing_left();
}

fn a_bundle_that_is_not_there_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let said = bundle.refused(&["create", "--bundle", "/no/such/bundle", bundle.id()]);
    assert!(said.contains("/no/such/bundle"), "{said}");
    bundle.assert_nothing_left();
}

fn a_bundle_without_a_document_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let empty = bundle.folder("empty");
    let said = bundle.refused(&["create", "--bundle", &empty, bundle.id()]);
    assert!(said.contains("config.json"), "{said}");
    bundle.assert_nothing_left();
}

fn a_failure_leaves_nothing(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.mount("/mnt", "bind", "/no/such/source", &["bind"]);
    bundle.refused(&["create", "--bundle", bundle.word(), bundle.id()]);
    bundle.assert_nothing_left();
    bundle.refused(&["state", bundle.id()]);
}

fn a_program_that_is_not_there_is_told(runtime: &Runtime) {
    let bundle = runtime.program(&["nope"]);
    let said = bundle.refused(&["create", "--bundle", bundle.word(), bundle.id()]);
    assert!(said.contains("executable file not found"), "{said}");
    bundle.assert_nothing_left();
}

fn can_be_deleted_without_having_run(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran > /etc/ran");
    bundle.create();
    bundle.ok(&["delete", bundle.id()]);
    bundle.assert_nothing_left();
    assert!(!bundle.rootfs().join("etc/ran").exists());
}

fn can_be_killed_before_start(runtime: &Runtime) {
    let bundle = runtime.shell("echo ran > /etc/ran");
    bundle.create();
    bundle.end();
    bundle.refused(&["start", bundle.id()]);
    assert!(!bundle.rootfs().join("etc/ran").exists());
}

fn the_working_directory_of_the_caller_does_not_matter(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/pwd"]);
    let mut command = bundle.command(&["run", "--bundle", bundle.word(), bundle.id()]);
    command.current_dir("/usr");
    assert_eq!(bundle.finish(command).ok(), "/\n");
}
