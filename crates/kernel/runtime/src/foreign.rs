//! Mounts of other mount namespaces as sources of binds: `/proc/PID/root/PATH`.
//!
//! The kernel copies a mount only for a caller that is in the mount's own namespace. So this process goes there for the one
//! call, and comes back with a detached copy.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};

use knarr_mounts::{Root, clone_tree};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{chroot, fchdir};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::link::{Failure, OrFail};

/// A detached copy of what is mounted at the source of a bind.
pub fn source(path: &Path, recursive: bool) -> Result<OwnedFd, Failure> {
    match Foreign::parse(path) {
        Some(foreign) => foreign.clone_tree(recursive),
        None => Ok(clone_tree(CWD, path, recursive)?),
    }
}

/// A place in another process's root.
#[derive(Debug, PartialEq)]
struct Foreign {
    /// Its mount namespace.
    namespace: PathBuf,
    /// The path below its root.
    path: PathBuf,
}

impl Foreign {
    /// Reads `/proc/PID/root/PATH`; any other path is none.
    fn parse(source: &Path) -> Option<Self> {
        let mut parts = source.strip_prefix("/proc").ok()?.components();
        let (Some(Component::Normal(pid)), Some(Component::Normal(root))) = (parts.next(), parts.next()) else {
            return None;
        };
        let number = pid.to_str()?.parse::<u32>().ok()?;
        let path = (root == "root").then(|| parts.as_path().to_owned())?;
        Some(Self { namespace: format!("/proc/{number}/ns/mnt").into(), path })
    }

    /// A detached copy of what is mounted there. No link is followed: what lies in that root is not ours.
    fn clone_tree(&self, recursive: bool) -> Result<OwnedFd, Failure> {
        let root = open(Path::new("/"), OFlags::PATH | OFlags::DIRECTORY)?;
        let own = open(Path::new("/proc/self/ns/mnt"), OFlags::RDONLY)?;
        let theirs = open(&self.namespace, OFlags::RDONLY)?;
        enter(&theirs)?;
        let copied = self.copy(recursive);
        enter(&own)?;
        // Entering a mount namespace has set the root to that namespace's.
        fchdir(&root).and_then(|()| chroot(".")).or_fail("return to the root")?;
        copied
    }

    fn copy(&self, recursive: bool) -> Result<OwnedFd, Failure> {
        let top = open(Path::new("/"), OFlags::PATH | OFlags::DIRECTORY)?;
        let place = Root::new(top).open_without_links(&self.path)?;
        Ok(clone_tree(place.as_fd(), Path::new(""), recursive)?)
    }
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd, Failure> {
    openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty()).or_fail(format!("open {}", path.display()))
}

fn enter(namespace: &OwnedFd) -> Result<(), Failure> {
    let kind = Some(LinkNameSpaceType::Mount);
    move_into_link_name_space(namespace.as_fd(), kind).or_fail("enter a mount namespace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_behind_another_root_are_foreign() {
        let foreign = Foreign::parse(Path::new("/proc/17/root/dev/shm")).unwrap();
        assert_eq!(foreign, Foreign { namespace: "/proc/17/ns/mnt".into(), path: "dev/shm".into() });
        for own in ["/dev/shm", "/proc/self/fd/5", "/proc/17/fd/5", "/proc/x/root/a", "relative", "/proc/17"] {
            assert_eq!(Foreign::parse(Path::new(own)), None, "{own}");
        }
    }
}
