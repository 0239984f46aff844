//! `linux.cgroupsPath`.

use std::fs;

use knarr_runtime_cases::{Runtime, cases, cgroup_folders};

cases! {
    an_absolute_path_is_below_each_hierarchy: ["linux/cgroups-path"],
    folders_above_are_made: ["linux/cgroups-path"],
    the_same_path_is_the_same_place: ["linux/cgroups-path"],
    one_in_use_is_refused: ["linux/cgroups-fit"] Ours("runc 1.1 only warns, crun takes it"),
    limits_are_set_before_the_program_runs: ["linux/resources"],
    children_of_the_program_are_in_it: ["linux/cgroups-path"],
    cgroups_that_the_container_made_go_with_it: ["runtime/delete"],
}

fn an_absolute_path_is_below_each_hierarchy(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let pid = bundle.pid().to_string();
    let folders: Vec<_> = cgroup_folders(bundle.id()).into_iter().filter(|folder| folder.exists()).collect();
    assert!(!folders.is_empty());
    for folder in folders {
        let processes = fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        assert!(processes.lines().any(|line| line == pid), "{folder:?}: {processes}");
    }
}

fn folders_above_are_made(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/cgroup"]);
    bundle.without_namespace("cgroup");
    let path = format!("/knarr-cases/{}/a/b", bundle.id());
    bundle.set("/linux/cgroupsPath", path.clone());
    let output = bundle.output();
    assert!(output.contains(&format!(":{path}\n")), "{output}");
    for folder in cgroup_folders(bundle.id()).into_iter().filter(|folder| folder.exists()) {
        let _gone_with_the_container = fs::remove_dir(folder.join("a"));
        fs::remove_dir(folder).unwrap();
    }
}

fn the_same_path_is_the_same_place(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/cat", "/proc/self/cgroup"]);
    bundle.without_namespace("cgroup");
    assert_eq!(bundle.output(), bundle.output());
}

fn one_in_use_is_refused(runtime: &Runtime) {
    let other = runtime.sleeper();
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/linux/cgroupsPath", format!("/knarr-cases/{}", other.id()));
    bundle.run().refused();
    assert_eq!(other.status(), "running");
}

fn limits_are_set_before_the_program_runs(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/sleep", "1000"]);
    bundle.set("/linux/resources/pids/limit", 7);
    bundle.create();
    assert_eq!(knarr_runtime_cases::cgroup_file(bundle.id(), "pids.max"), "7");
}

fn children_of_the_program_are_in_it(runtime: &Runtime) {
    let bundle = runtime.shell("sleep 1000 & touch /etc/ready; wait");
    bundle.start();
    bundle.until_there("etc/ready");
    let count = || knarr_runtime_cases::cgroup_file(bundle.id(), "cgroup.procs").lines().count();
    knarr_runtime_cases::until("the shell and its sleeper", || count() == 2);
}

fn cgroups_that_the_container_made_go_with_it(runtime: &Runtime) {
    let mut bundle = runtime.shell("d=/sys/fs/cgroup/pids; test -d $d || d=/sys/fs/cgroup; mkdir -p $d/own/deeper && touch /etc/ready; sleep 1000");
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", &["rw"]);
    bundle.start();
    bundle.until_there("etc/ready");
    bundle.ok(&["delete", "--force", bundle.id()]);
    bundle.assert_nothing_left();
}
