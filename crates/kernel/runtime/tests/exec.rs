//! exec: a further process in a running container.

mod support;

use support::Bundle;

fn sleeper() -> Bundle {
    let bundle = Bundle::program(&["/bin/sleep", "1000"]);
    bundle.start();
    bundle
}

#[test]
fn it_is_in_every_namespace_and_cgroup_of_the_container() {
    let bundle = sleeper();
    let script = "for n in mnt pid net ipc uts cgroup; do \
                  test $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) || echo $n; done; cat /proc/self/cgroup";
    let output = bundle.exec_shell(script);
    assert!(output.lines().all(|line| line.ends_with(":/")), "{output}");
    for folder in support::cgroup_folders(bundle.id()) {
        let procs = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        assert_eq!(procs.lines().count(), 1, "{folder:?}");
    }
}

#[test]
fn its_exit_code_is_ours_and_what_cannot_start_is_255() {
    let bundle = sleeper();
    assert_eq!(bundle.exec(&["/bin/sh", "-c", "exit 3"]).status.code(), Some(3));
    let output = bundle.exec(&["nope"]);
    assert_eq!(output.status.code(), Some(255));
    let text = bundle.said(&output);
    assert!(text.contains("exec: \"nope\": executable file not found in $PATH"), "{text}");
}

#[test]
fn words_set_folder_environment_and_user() {
    let bundle = sleeper();
    let script = "pwd; echo $A $HOME; id -u; id -g; id -G";
    let words = ["exec", "--cwd", "/tmp", "-e", "A=b", "-u", "1000:5", "-g", "6", bundle.id(), "sh", "-c", script];
    assert_eq!(bundle.ok(&words), "/tmp\nb /home/alice\n1000\n5\n5 6\n");
    for user in ["root", "-1", "4294967296", "0:x"] {
        bundle.refused(&["exec", "--user", user, bundle.id(), "true"]);
    }
}

#[test]
fn a_detached_one_is_known_by_its_pid_file() {
    let bundle = sleeper();
    let file = bundle.path().join("exec.pid");
    bundle.background(&["exec", "--detach", "--pid-file", file.to_str().unwrap(), bundle.id(), "sleep", "1000"]);
    let pid: i32 = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    let pids: Vec<i32> = serde_json::from_str(&bundle.ok(&["ps", "--format", "json", bundle.id()])).unwrap();
    assert!(pids.contains(&pid), "{pid} is not among {pids:?}");
    let inside = bundle.exec_shell("cat /proc/*/cmdline | grep -c sleep");
    assert_eq!(inside.trim(), "1");
}

#[test]
fn no_descriptor_of_the_caller_or_the_runtime_leaks() {
    assert_eq!(sleeper().exec_shell(support::DESCRIPTORS), "0\n1\n2\n");
}

#[test]
fn a_working_directory_among_descriptors_leads_nowhere() {
    let bundle = sleeper();
    for number in 0..40 {
        let folder = format!("/proc/self/fd/{number}");
        let output = bundle.verb(&["exec", "--cwd", &folder, bundle.id(), "ls", "../../../../etc"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains("hostname") && !text.contains("debian_version"), "{folder}: {text}");
    }
}

#[test]
fn a_stopped_or_paused_container_is_refused() {
    let bundle = sleeper();
    bundle.ok(&["pause", bundle.id()]);
    assert!(bundle.refused(&["exec", bundle.id(), "true"]).contains("paused"));
    bundle.ok(&["resume", bundle.id()]);
    bundle.ok(&["kill", bundle.id(), "KILL"]);
    wait_until_stopped(&bundle);
    assert!(bundle.refused(&["exec", bundle.id(), "true"]).contains("stopped"));
}

fn wait_until_stopped(bundle: &Bundle) {
    while bundle.state().status != knarr_spec::Status::Stopped {
        std::thread::yield_now();
    }
}
