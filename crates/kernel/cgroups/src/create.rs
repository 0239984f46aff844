//! Making the folders of a cgroup.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::{Cgroup, Error, Hierarchy, Result, Version, files};

/// How often a folder is made again because a neighbour has removed the empty parent in between.
const TRIES: u32 = 20;

/// What a folder that is there already may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// No process.
    Empty,
    /// A process of whoever made it.
    Kept,
}

/// Makes the folder in every hierarchy of a version; on failure takes away what was made.
pub fn folders(cgroup: &Cgroup, version: Version, presence: Presence) -> Result<()> {
    let mut made = Vec::new();
    for hierarchy in cgroup.layout.hierarchies.iter().filter(|hierarchy| hierarchy.version == version) {
        if let Err(error) = in_hierarchy(cgroup, hierarchy, presence) {
            made.iter().for_each(|hierarchy: &&Hierarchy| remove_quietly(&cgroup.path.below(&hierarchy.mount)));
            return Err(error);
        }
        made.push(hierarchy);
    }
    Ok(())
}

/// Takes away the empty folders of a creation that failed.
pub fn undo(cgroup: &Cgroup) {
    cgroup.folders().for_each(|(_, folder)| remove_quietly(&folder));
}

/// The first error is what the caller hears about; a folder that cannot go now is found again by its name.
fn remove_quietly(folder: &Path) {
    let _unused_again_by_name = fs::remove_dir(folder);
}

fn in_hierarchy(cgroup: &Cgroup, hierarchy: &Hierarchy, presence: Presence) -> Result<()> {
    if hierarchy.version == Version::V1 && below_a_parent(cgroup, hierarchy)? {
        return Ok(());
    }
    for _ in 1..TRIES {
        match chain(cgroup, hierarchy, presence) {
            Err(error) if error.errno() == Some(rustix::io::Errno::NOENT) => {}
            result => return result,
        }
    }
    chain(cgroup, hierarchy, presence)
}

/// The usual case on version 1, in which nothing is to be looked at: a new folder in one that is there. False where it
/// is another case.
fn below_a_parent(cgroup: &Cgroup, hierarchy: &Hierarchy) -> Result<bool> {
    let folder = cgroup.path.below(&hierarchy.mount);
    let Some(parent) = folder.parent() else { return Ok(false) };
    match fs::create_dir(&folder) {
        Ok(()) if hierarchy.has("cpuset") => inherit_cpuset(parent, &folder, true),
        Ok(()) => Ok(true),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => Ok(false),
        Err(e) => Err(Error::io("create the cgroup", folder, e)),
    }
}

fn chain(cgroup: &Cgroup, hierarchy: &Hierarchy, presence: Presence) -> Result<()> {
    let chain = cgroup.path.chain(&hierarchy.mount);
    let mut parent = hierarchy.mount.as_path();
    for (index, folder) in chain.iter().enumerate() {
        if hierarchy.version == Version::V2 {
            enable_controllers(parent, &hierarchy.controllers)?;
        }
        let is_leaf = index + 1 == chain.len();
        match fs::create_dir(folder) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists && is_leaf && presence == Presence::Empty => {
                refuse_if_used(folder)?
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::io("create the cgroup", folder, e)),
        }
        if hierarchy.has("cpuset") && hierarchy.version == Version::V1 {
            inherit_cpuset(parent, folder, false)?;
        }
        parent = folder;
    }
    Ok(())
}

fn refuse_if_used(folder: &Path) -> Result<()> {
    match files::read_if_there(&folder.join("cgroup.procs"))? {
        Some(text) if !text.is_empty() => Err(Error::InUse(folder.to_path_buf())),
        _ => Ok(()),
    }
}

const CPUSET: [&str; 2] = ["cpuset.cpus", "cpuset.mems"];

/// A v1 cpuset begins empty, and nobody can join an empty one: it takes what it lacks from its parent. False where that
/// one is empty still.
fn inherit_cpuset(parent: &Path, folder: &Path, is_new: bool) -> Result<bool> {
    for file in CPUSET {
        if !is_new && !files::read(&folder.join(file))?.trim().is_empty() {
            continue;
        }
        let inherited = files::read(&parent.join(file))?;
        if inherited.trim().is_empty() {
            return Ok(false);
        }
        files::write(&folder.join(file), inherited.trim())?;
    }
    Ok(true)
}

/// Hands a folder's controllers on to its children. One by one: a controller that cannot be handed on (a real-time
/// process outside, say) must not take the others with it; a limit on it is an error later, with its name.
fn enable_controllers(parent: &Path, controllers: &[String]) -> Result<()> {
    if controllers.is_empty() {
        return Ok(());
    }
    let file = parent.join("cgroup.subtree_control");
    let enabled = files::read(&file)?;
    let missing = controllers.iter().filter(|name| !enabled.split_whitespace().any(|have| have == *name));
    for controller in missing {
        match files::write(&file, &format!("+{controller}")) {
            Err(error) if error.errno() == Some(rustix::io::Errno::NOENT) && !parent.is_dir() => return Err(error),
            _handed_on_or_not => {}
        }
    }
    Ok(())
}
