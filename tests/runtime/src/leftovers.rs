//! What must not be left of a container: cgroups in every hierarchy, records, mounts, processes.

use std::fs;
use std::path::{Path, PathBuf};

/// The parent of every case's cgroup.
pub const PARENT: &str = "knarr-cases";

/// Where a container's cgroup lies in each hierarchy.
pub fn cgroup_folders(id: &str) -> Vec<PathBuf> {
    hierarchies().into_iter().map(|mount| mount.join(PARENT).join(id)).collect()
}

/// A file of a container's cgroup, in the first hierarchy that has it.
pub fn cgroup_file(id: &str, name: &str) -> String {
    let found = cgroup_folders(id).into_iter().find_map(|folder| fs::read_to_string(folder.join(name)).ok());
    found.unwrap_or_else(|| panic!("no cgroup has the file {name}")).trim().to_owned()
}

/// Removes the parents of all cases' cgroups, at the end.
pub fn remove_parents() {
    for mount in hierarchies() {
        let _others_still_run = fs::remove_dir(mount.join(PARENT));
    }
}

/// Where cgroups are mounted.
pub fn hierarchies() -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let is_cgroup = |line: &&str| line.contains(" - cgroup ") || line.contains(" - cgroup2 ");
    table.lines().filter(is_cgroup).filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from).collect()
}

/// Fails when something of a container is left.
pub fn assert_none(id: &str, bundle: &Path) {
    let cgroups: Vec<_> = cgroup_folders(id).into_iter().filter(|folder| folder.exists()).collect();
    assert!(cgroups.is_empty(), "cgroups are left: {cgroups:?}");
    assert!(!bundle.join("records").join(id).exists(), "a record is left");
    let bundle = bundle.to_str().unwrap();
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!table.contains(bundle), "a mount is left: {table}");
    let left = processes(id, bundle);
    assert!(left.is_empty(), "processes are left: {left:?}");
}

/// Living processes in the container's cgroup, or with the bundle or the id in their command line.
fn processes(id: &str, bundle: &str) -> Vec<String> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let of_it = |pid: &String| {
        let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let command = String::from_utf8_lossy(&read("cmdline")).into_owned();
        let cgroups = String::from_utf8_lossy(&read("cgroup")).into_owned();
        !command.is_empty() && (command.contains(bundle) || command.contains(id) || cgroups.contains(id))
    };
    pids.filter(|pid| pid.parse::<i32>().is_ok()).filter(of_it).collect()
}
