//! `exec --cgroup`: a joining process in an existing cgroup below the container's.

use std::fs;

use knarr_runtime_cases::{Runtime, cases, cgroup_folders};

cases! {
    one_controllers_cgroup_is_joined: ["cli/exec"],
    the_top_is_the_containers_own: ["cli/exec"],
    one_that_is_not_there_is_an_error: ["cli/exec"],
    it_never_leads_out_of_the_container: ["cli/exec"],
    a_container_with_cgroups_of_its_own_is_joined: ["cli/exec"]
        Ours("the unified tree of a hybrid host is none of runc's"),
}

fn one_controllers_cgroup_is_joined(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let there = cgroup_folders(bundle.id()).into_iter().filter(|folder| folder.is_dir());
    let below: Vec<_> = there.map(|folder| folder.join("below")).collect();
    for folder in &below {
        fs::create_dir(folder).unwrap();
    }
    let words = ["exec", "--cgroup", "pids:below", bundle.id(), "/bin/grep", "pids:", "/proc/self/cgroup"];
    let line = bundle.ok(&words);
    for folder in &below {
        fs::remove_dir(folder).unwrap();
    }
    assert!(line.trim_end().ends_with(":pids:/below"), "{line}");
}

fn the_top_is_the_containers_own(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let words = ["exec", "--cgroup", "pids:/", bundle.id(), "/bin/grep", "pids:", "/proc/self/cgroup"];
    assert!(bundle.ok(&words).trim_end().ends_with(":pids:/"));
}

fn one_that_is_not_there_is_an_error(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.refused(&["exec", "--cgroup", "pids:nowhere", bundle.id(), "/bin/true"]);
    bundle.refused(&["exec", "--cgroup", "nothing:below", bundle.id(), "/bin/true"]);
}

fn it_never_leads_out_of_the_container(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    bundle.refused(&["exec", "--cgroup", "pids:../elsewhere", bundle.id(), "/bin/true"]);
}

/// A cgroup of version 2 that hands controllers on takes no processes: who joins goes where the first process is.
fn a_container_with_cgroups_of_its_own_is_joined(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    let folders = cgroup_folders(bundle.id());
    let unified = folders.iter().find(|folder| folder.join("cgroup.subtree_control").exists()).expect("a unified tree");
    let below = unified.join("below");
    fs::create_dir(&below).unwrap();
    fs::write(below.join("cgroup.procs"), bundle.pid().to_string()).unwrap();
    let controllers = fs::read_to_string(unified.join("cgroup.controllers")).unwrap();
    if let Some(controller) = controllers.split_whitespace().next() {
        fs::write(unified.join("cgroup.subtree_control"), format!("+{controller}")).unwrap();
    }
    let lines = bundle.exec_shell("grep ^0: /proc/self/cgroup");
    let expected = if controllers.trim().is_empty() { "0::/" } else { "0::/below" };
    assert_eq!(lines.trim_end(), expected);
}
