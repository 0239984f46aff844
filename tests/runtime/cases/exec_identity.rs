//! Who a process of `exec` is: user, groups, capabilities.

use knarr_runtime_cases::{Runtime, capability_sets, cases, status_field};
use serde_json::json;

cases! {
    user_and_group_are_set: ["cli/exec"],
    a_user_alone_keeps_the_group: ["cli/exec"],
    additional_groups_are_added: ["cli/exec"],
    users_are_numbers: ["cli/exec", "flaw/15"],
    capabilities_are_the_containers: ["cli/exec"],
    a_capability_can_be_added: ["cli/exec"],
    the_filter_is_the_containers: ["cli/exec", "linux/seccomp"],
    a_process_document_is_used: ["cli/exec"],
    a_process_document_that_is_silent_about_capabilities_gets_the_containers:
        ["cli/exec", "flaw/14"] Ours("runc and crun give it all or none"),
    a_wrong_process_document_is_refused: ["cli/exec"],
    a_user_that_is_not_root_has_no_capabilities: ["cli/exec"] Ours("runc 1.1 keeps them in the permitted set"),
}

fn user_and_group_are_set(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let words = ["exec", "--user", "1000:5", bundle.id(), "sh", "-c", "id -u; id -g"];
    assert_eq!(bundle.ok(&words), "1000\n5\n");
}

fn a_user_alone_keeps_the_group(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/process/user/gid", 7);
    bundle.start();
    assert_eq!(bundle.ok(&["exec", "-u", "1000", bundle.id(), "sh", "-c", "id -u; id -g"]), "1000\n7\n");
}

fn additional_groups_are_added(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let words = ["exec", "-u", "1000:5", "-g", "6", "-g", "7", bundle.id(), "id", "-G"];
    assert_eq!(bundle.ok(&words), "5 6 7\n");
}

fn users_are_numbers(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for user in ["root", "0:x", "0:0:0", " 1"] {
        bundle.refused(&["exec", "--user", user, bundle.id(), "true"]);
    }
}

fn capabilities_are_the_containers(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.capabilities(&["CAP_CHOWN", "CAP_KILL"]);
    bundle.start();
    let status = bundle.exec_shell("cat /proc/self/status");
    assert_eq!(capability_sets(&status), [0, 0x21, 0x21, 0x21, 0]);
    assert_eq!(status_field(&status, "NoNewPrivs"), "1");
}

fn a_capability_can_be_added(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.capabilities(&["CAP_CHOWN"]);
    bundle.start();
    let status = bundle.ok(&["exec", "--cap", "CAP_NET_RAW", bundle.id(), "cat", "/proc/self/status"]);
    let [_, permitted, effective, bounding, _] = capability_sets(&status);
    assert_eq!([permitted, effective, bounding], [0x2001; 3]);
}

fn the_filter_is_the_containers(runtime: &Runtime) {
    for no_new_privileges in [true, false] {
        let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
        bundle.set("/process/noNewPrivileges", no_new_privileges);
        let rule = json!({ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 });
        bundle.set("/linux/seccomp", json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] }));
        bundle.start();
        let said = bundle.exec(&["mkdir", "/tmp/x"]).refused();
        assert!(said.contains("Operation not permitted"), "{said}");
        assert_eq!(status_field(&bundle.exec_shell("cat /proc/self/status"), "Seccomp"), "2");
    }
}

fn a_process_document_is_used(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let script = "id -u; id -g; pwd; echo $A; cat /proc/self/status";
    let document = json!({
        "args": ["/bin/sh", "-c", script], "cwd": "/tmp", "env": ["PATH=/bin", "A=b"], "user": { "uid": 1000, "gid": 5 },
        "capabilities": { "bounding": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"] },
        "noNewPrivileges": true,
    });
    let file = bundle.write("process.json", &document.to_string());
    let output = bundle.ok(&["exec", "--process", &file, bundle.id()]);
    assert!(output.starts_with("1000\n5\n/tmp\nb\n"), "{output}");
    assert_eq!(capability_sets(&output)[3], 1);
    assert_eq!(status_field(&output, "NoNewPrivs"), "1");
}

fn a_process_document_that_is_silent_about_capabilities_gets_the_containers(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.capabilities(&["CAP_CHOWN"]);
    bundle.start();
    let document = json!({ "args": ["/bin/cat", "/proc/self/status"], "cwd": "/", "user": { "uid": 0, "gid": 0 } });
    let file = bundle.write("process.json", &document.to_string());
    let status = bundle.ok(&["exec", "-p", &file, bundle.id()]);
    assert_eq!(capability_sets(&status), [0, 1, 1, 1, 0]);
}

fn a_wrong_process_document_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for text in ["", "{", "[]", r#"{"args":[],"cwd":"/"}"#, r#"{"args":"sh","cwd":"/"}"#] {
        let file = bundle.write("process.json", text);
        bundle.refused(&["exec", "--process", &file, bundle.id()]);
    }
    bundle.refused(&["exec", "--process", "/no/such/file", bundle.id()]);
}

fn a_user_that_is_not_root_has_no_capabilities(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let status = bundle.ok(&["exec", "--user", "1000:7", bundle.id(), "cat", "/proc/self/status"]);
    let [inheritable, permitted, effective, _, ambient] = capability_sets(&status);
    assert_eq!([inheritable, permitted, effective, ambient], [0; 4]);
}
