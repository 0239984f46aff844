//! What must not be left of a container: cgroups in every hierarchy, records, mounts, processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// What holds where controllers are version 1's, or where version 2 is all there is.
pub fn by_version<T>(v1: T, v2: T) -> T {
    let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    if unified { v2 } else { v1 }
}

/// Whether a cgroup's file says that there is no limit.
pub fn is_unlimited(value: &str) -> bool {
    value == "max" || value.parse::<u64>().is_ok_and(|bytes| bytes > 1 << 60)
}

/// How many bundles there are in this process.
static BUNDLES: Mutex<usize> = Mutex::new(0);

/// A bundle's share of the parents of all cgroups: the last one of this process takes them away. Not earlier: a runtime that
/// makes a folder below them must not lose them meanwhile.
#[derive(Debug)]
pub struct Parents(());

impl Parents {
    /// One more bundle.
    pub fn share() -> Self {
        *count() += 1;
        Self(())
    }
}

impl Drop for Parents {
    fn drop(&mut self) {
        let mut count = count();
        *count -= 1;
        if *count == 0 {
            for mount in hierarchies() {
                let _another_process_uses_it = fs::remove_dir(mount.join(PARENT));
            }
        }
    }
}

/// A case that panicked has counted all the same.
fn count() -> MutexGuard<'static, usize> {
    BUNDLES.lock().unwrap_or_else(PoisonError::into_inner)
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
