//! `exec --cgroup`: a joining process in an existing cgroup below the container's.

use std::fs;

use knarr_runtime_cases::{Runtime, cases, cgroup_folders};

cases! {
    one_controllers_cgroup_is_joined: ["cli/exec"],
    the_top_is_the_containers_own: ["cli/exec"],
    one_that_is_not_there_is_an_error: ["cli/exec"],
    it_never_leads_out_of_the_container: ["cli/exec"],
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
