//! The container's own cgroups at `/sys/fs/cgroup`: each hierarchy's folder is bound there, so that the container sees
//! nothing of the others, with and without a cgroup namespace (flaw row 11).

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_mounts::{Attributes, attach, clone_tree, filesystem, set_attributes};
use knarr_sys::mount::{NODEV, NOEXEC, NOSUID, RDONLY};
use rustix::fs::{CWD, Mode, mkdirat, openat, symlinkat};

use crate::link::{Failure, OrFail};

/// The mount for the place itself: on a v2 host the one folder, else a small tmpfs for the hierarchies.
pub fn mount(folders: &[(String, PathBuf)], attributes: Attributes) -> Result<OwnedFd, Failure> {
    match folders {
        [(name, folder)] if name.is_empty() => bound(folder, attributes),
        _ => {
            let made = filesystem("tmpfs", "tmpfs", &[("mode".to_owned(), Some("755".to_owned()))])?;
            for (name, _) in folders {
                mkdirat(&made, name.as_str(), Mode::from_raw_mode(0o755)).or_fail("make a folder for a hierarchy")?;
                link_controllers(&made, name)?;
            }
            Ok(made)
        }
    }
}

/// Attaches the hierarchies inside, and then closes the tmpfs that they lie on.
pub fn attach_hierarchies(
    made: &OwnedFd,
    folders: &[(String, PathBuf)],
    attributes: Attributes,
) -> Result<(), Failure> {
    if matches!(folders, [(name, _)] if name.is_empty()) {
        return Ok(());
    }
    for (name, folder) in folders {
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
        let target = openat(made, name.as_str(), flags, Mode::empty()).or_fail("open a folder of a hierarchy")?;
        attach(bound(folder, attributes)?, target)?;
    }
    let closed = Attributes { set: attributes.set | RDONLY, clear: 0 };
    Ok(set_attributes(made.as_fd(), closed, false)?)
}

fn bound(folder: &Path, attributes: Attributes) -> Result<OwnedFd, Failure> {
    let mount = clone_tree(CWD, folder, false)?;
    let attributes = Attributes { set: NOSUID | NODEV | NOEXEC, clear: 0 }.then(attributes);
    set_attributes(mount.as_fd(), attributes, false)?;
    Ok(mount)
}

/// `cpu,cpuacct` is reached as `cpu` and as `cpuacct` too.
fn link_controllers(made: &OwnedFd, name: &str) -> Result<(), Failure> {
    if !name.contains(',') {
        return Ok(());
    }
    name.split(',').try_for_each(|controller| symlinkat(name, made, controller)).or_fail("link a controller")
}
