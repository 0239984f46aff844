//! The container's own cgroups at `/sys/fs/cgroup`: each hierarchy's folder is bound there, so that the container sees
//! nothing of the others, with and without a cgroup namespace (flaw row 11).

use std::os::fd::{AsFd, OwnedFd};

use knarr_mounts::{Attributes, attach, filesystem, set_attributes};
use knarr_sys::mount::{NODEV, NOEXEC, NOSUID, RDONLY};
use rustix::fs::{Mode, mkdirat, openat, symlinkat};

use crate::link::{Failure, OrFail};

/// The mount for the place itself: on a v2 host the one folder, else a small tmpfs for the hierarchies.
pub fn mount(folders: &[(String, OwnedFd)], attributes: Attributes) -> Result<OwnedFd, Failure> {
    match folders {
        [] => Err(Failure::text("a cgroup mount needs a cgroup, and this container has none")),
        [(name, folder)] if name.is_empty() => {
            close(folder, attributes)?;
            folder.try_clone().or_fail("copy a descriptor")
        }
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
    folders: &[(String, OwnedFd)],
    attributes: Attributes,
) -> Result<(), Failure> {
    if matches!(folders, [(name, _)] if name.is_empty()) {
        return Ok(());
    }
    for (name, folder) in folders {
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
        let target = openat(made, name.as_str(), flags, Mode::empty()).or_fail("open a folder of a hierarchy")?;
        close(folder, attributes)?;
        attach(folder, target)?;
    }
    let closed = Attributes { set: attributes.set | RDONLY, clear: 0 };
    Ok(set_attributes(made.as_fd(), closed, false)?)
}

fn close(folder: &OwnedFd, attributes: Attributes) -> Result<(), Failure> {
    let attributes = Attributes { set: NOSUID | NODEV | NOEXEC, clear: 0 }.then(attributes);
    Ok(set_attributes(folder.as_fd(), attributes, false)?)
}

/// `cpu,cpuacct` is reached as `cpu` and as `cpuacct` too.
fn link_controllers(made: &OwnedFd, name: &str) -> Result<(), Failure> {
    if !name.contains(',') {
        return Ok(());
    }
    name.split(',').try_for_each(|controller| symlinkat(name, made, controller)).or_fail("link a controller")
}
