//! `exec`: a further process in a running container.

use knarr_runtime_cases::{DESCRIPTORS, Runtime, cases, cgroup_folders};
use serde_json::json;

cases! {
    is_in_every_namespace_of_the_container: ["cli/exec"],
    is_in_every_cgroup_of_the_container: ["cli/exec"],
    its_exit_code_is_ours: ["cli/exec"],
    what_cannot_start_is_255: ["cli/exec"],
    a_killed_program_is_128_and_the_signal: ["cli/exec"],
    cwd_is_set: ["cli/exec"],
    cwd_is_the_containers_by_default: ["cli/exec"],
    environment_is_added: ["cli/exec"],
    a_detached_one_is_known_by_its_pid_file: ["cli/exec"],
    no_descriptor_leaks: ["cli/exec"],
    descriptors_can_be_preserved: ["cli/preserve-fds"],
    a_paused_container_is_refused: ["cli/exec"],
    a_paused_container_is_entered_when_asked: ["cli/exec"] Ours("runc 1.1 fails when the resume comes early"),
    a_stopped_container_is_refused: ["cli/exec"],
    an_unknown_container_is_refused: ["cli/exec"],
    a_program_is_required: ["cli/exec"],
    a_created_container_is_entered: ["cli/exec"],
    words_behind_the_program_are_its_own: ["cli/exec"],
    no_new_privileges_can_be_asked_for: ["cli/exec"],
    joins_a_user_namespace: ["cli/exec"],
}

fn is_in_every_namespace_of_the_container(runtime: &Runtime) {
    let script = "for n in mnt pid net ipc uts; do test $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) || echo $n; done";
    assert_eq!(runtime.sleeper().exec_shell(script), "");
}

fn is_in_every_cgroup_of_the_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let file = bundle.file("pid");
    bundle.ok(&["exec", "--detach", "--pid-file", &file, bundle.id(), "sleep", "1000"]);
    let pid = bundle.read("pid");
    for folder in cgroup_folders(bundle.id()).into_iter().filter(|folder| folder.exists()) {
        let processes = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        assert!(processes.lines().any(|line| line == pid), "{folder:?}: {processes}");
    }
}

fn its_exit_code_is_ours(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for code in [0, 1, 3, 127, 255] {
        assert_eq!(bundle.exec(&["/bin/sh", "-c", &format!("exit {code}")]).code(), Some(code));
    }
}

fn what_cannot_start_is_255(runtime: &Runtime) {
    let outcome = runtime.sleeper().exec(&["nope"]);
    assert_eq!(outcome.code(), Some(255));
    let said = outcome.said();
    assert!(said.contains("exec: \"nope\": executable file not found in $PATH"), "{said}");
}

fn a_killed_program_is_128_and_the_signal(runtime: &Runtime) {
    assert_eq!(runtime.sleeper().exec(&["/bin/sh", "-c", "kill -9 $$"]).code(), Some(137));
}

fn cwd_is_set(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    assert_eq!(bundle.ok(&["exec", "--cwd", "/tmp", bundle.id(), "pwd"]), "/tmp\n");
}

fn cwd_is_the_containers_by_default(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/process/cwd", "/etc");
    bundle.start();
    assert_eq!(bundle.exec(&["pwd"]).ok(), "/etc\n");
}

fn environment_is_added(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.push("/process/env", "OWN=1");
    bundle.start();
    let words = ["exec", "-e", "A=b c", "-e", "D=", bundle.id(), "sh", "-c", "echo $OWN,$A,${D-none},$PATH"];
    assert_eq!(bundle.ok(&words), "1,b c,,/bin\n");
}

fn a_detached_one_is_known_by_its_pid_file(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let file = bundle.file("pid");
    bundle.ok(&["exec", "-d", "--pid-file", &file, bundle.id(), "sleep", "1001"]);
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", bundle.read("pid"))).unwrap();
    assert_eq!(command, "sleep\x001001\0");
}

fn no_descriptor_leaks(runtime: &Runtime) {
    assert_eq!(runtime.sleeper().exec_shell(DESCRIPTORS), "0\n1\n2\n");
}

fn descriptors_can_be_preserved(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    // The shell opens them for the runtime.
    let mut command = std::process::Command::new("/bin/sh");
    let inner = bundle.command(&["exec", "--preserve-fds", "2", bundle.id(), "sh", "-c", DESCRIPTORS]);
    command.arg("-c").arg("exec 3</dev/null 4</dev/null 5</dev/null; exec \"$@\"").arg("sh");
    command.arg(inner.get_program()).args(inner.get_args());
    assert_eq!(bundle.finish(command).ok(), "0\n1\n2\n3\n4\n");
}

fn a_paused_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["pause", bundle.id()]);
    let said = bundle.exec(&["true"]).refused();
    assert!(said.contains("paused"), "{said}");
}

fn a_paused_container_is_entered_when_asked(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.ok(&["pause", bundle.id()]);
    let mut command = bundle.command(&["exec", "--ignore-paused", bundle.id(), "sh", "-c", "echo thawed > /etc/thawed"]);
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    bundle.ok(&["resume", bundle.id()]);
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?} {}", bundle.read("log.json"));
    assert_eq!(bundle.read("rootfs/etc/thawed"), "thawed\n");
}

fn a_stopped_container_is_refused(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.end();
    let said = bundle.exec(&["true"]).refused();
    assert!(said.contains("stopped") || said.contains("not running"), "{said}");
}

fn an_unknown_container_is_refused(runtime: &Runtime) {
    let outcome = runtime.program(&["/bin/true"]).verb(&["exec", "unknown", "true"]);
    assert_ne!(outcome.code(), Some(0));
    let said = outcome.said();
    assert!(said.contains("does not exist"), "{said}");
}

fn a_program_is_required(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.refused(&["exec", bundle.id()]);
    bundle.refused(&["exec"]);
}

fn a_created_container_is_entered(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.create();
    assert_eq!(bundle.exec_shell("echo inside"), "inside\n");
    assert_eq!(bundle.status(), "created");
}

fn words_behind_the_program_are_its_own(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    assert_eq!(bundle.exec(&["echo", "--cwd", "-d", "--", "x"]).ok(), "--cwd -d -- x\n");
}

fn no_new_privileges_can_be_asked_for(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/process/noNewPrivileges", false);
    bundle.start();
    let field = |words: &[&str]| knarr_runtime_cases::status_field(&bundle.ok(words), "NoNewPrivs");
    assert_eq!(field(&["exec", bundle.id(), "cat", "/proc/self/status"]), "0");
    assert_eq!(field(&["exec", "--no-new-privs", bundle.id(), "cat", "/proc/self/status"]), "1");
}

fn joins_a_user_namespace(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.namespace("user", None);
    let map = json!([{ "containerID": 0, "hostID": 200_000, "size": 1000 }]);
    bundle.set("/linux/uidMappings", map.clone());
    bundle.set("/linux/gidMappings", map);
    bundle.belongs_to(200_000);
    bundle.start();
    assert_eq!(bundle.exec_shell("id -u; cat /proc/self/uid_map | tr -s ' '"), "0\n 0 200000 1000\n");
}
