//! What a container changed.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_sys::path::{Entry, Node, Root};
use rustix::fs::{FileType, OFlags, Stat};

use super::lookup;
use crate::error::{Error, Result};
use crate::unpack::is_whiteout;

/// How a path differs from the image, with Docker's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Other content or attributes.
    Changed = 0,
    /// New.
    Added = 1,
    /// Gone.
    Deleted = 2,
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// The path from the root, with a leading `/`.
    pub path: PathBuf,
}

/// What `upper` changes of the stack `lowers` (the uppermost first), in the order of names. A folder that only overlayfs
/// copied up is left out, unless something in it changed.
pub fn changes(upper: &Path, lowers: &[PathBuf]) -> Result<Vec<Change>> {
    let root = Root::open(upper).map_err(Error::at("open", upper))?;
    let folder = root.open_dir(Path::new("")).map_err(Error::at("open", upper))?;
    let mut found = Vec::new();
    walk(&folder, Path::new(""), lowers, &mut found)?;
    Ok(found)
}

fn walk(folder: &OwnedFd, path: &Path, lowers: &[PathBuf], found: &mut Vec<Change>) -> Result<()> {
    super::shallow(path)?;
    for name in Entry::list(folder).map_err(Error::at("list", path))? {
        let path = path.join(&name);
        let entry = Entry::new(folder.as_fd(), &name).map_err(Error::at("open", &path))?;
        let Some(stat) = entry.stat().map_err(Error::at("look up", &path))? else { continue };
        let lower = lookup(lowers, &path);
        if is_whiteout(&stat) {
            // A whiteout of what this container itself had made is no change.
            if lower.is_some() {
                found.push(change(ChangeKind::Deleted, &path));
            }
            continue;
        }
        let index = found.len();
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let below = entry.open(OFlags::RDONLY | OFlags::DIRECTORY).map_err(Error::at("open", &path))?;
            walk(&below, &path, lowers, found)?;
        }
        let same = found.len() == index && lower.as_ref().is_some_and(|lower| same_folder(&stat, lower));
        if !same {
            let kind = if lower.is_some() { ChangeKind::Changed } else { ChangeKind::Added };
            found.insert(index, change(kind, &path));
        }
    }
    Ok(())
}

fn change(kind: ChangeKind, path: &Path) -> Change {
    Change { kind, path: Path::new("/").join(path) }
}

/// Whether both are folders with the same owner, mode and time.
fn same_folder(upper: &Stat, lower: &Node) -> bool {
    let Ok(lower) = lower.stat() else { return false };
    let key = |s: &Stat| (s.st_mode, s.st_uid, s.st_gid, s.st_mtime, s.st_mtime_nsec);
    FileType::from_raw_mode(upper.st_mode) == FileType::Directory && key(upper) == key(&lower)
}
