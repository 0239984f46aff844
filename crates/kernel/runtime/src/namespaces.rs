//! The parent's part in namespaces: opening those to join, clocks, id maps.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use knarr_spec::{IdMapping, NamespaceKind};
use knarr_sys::clone::{NEWUSER, clone3};
use knarr_sys::namespaces::unshare;
use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::link::Link;
use crate::plan::Namespaces;
use crate::{Error, Result};

/// Opens the namespaces to join. A PID namespace, and the clocks of a new time namespace, take effect for the next child
/// of this process; the others are for the child to join.
pub fn open(plan: &Namespaces) -> Result<Vec<(NamespaceKind, OwnedFd)>> {
    let mut files = Vec::with_capacity(plan.join.len());
    for (kind, path) in &plan.join {
        let file = open_file(path)?;
        if *kind == NamespaceKind::Pid {
            let joined = move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::ProcessID));
            joined.map_err(|e| Error::io("join the PID namespace", path.display().to_string(), e))?;
        } else {
            files.push((*kind, file));
        }
    }
    if plan.new_time {
        new_clocks(plan)?;
    }
    Ok(files)
}

fn open_file(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::open(path, flags, Mode::empty())
        .map_err(|e| Error::io("open the namespace", path.display().to_string(), e))
}

fn new_clocks(plan: &Namespaces) -> Result<()> {
    unshare(UnshareFlags::NEWTIME).map_err(|e| Error::io("make", "a time namespace", e))?;
    let lines: String =
        plan.time_offsets.iter().map(|(clock, o)| format!("{clock} {} {}\n", o.secs, o.nanosecs)).collect();
    if lines.is_empty() { Ok(()) } else { write("/proc/self/timens_offsets", &lines) }
}

/// Writes the id maps of a child in a new user namespace.
pub fn write_maps(pid: i32, plan: &Namespaces) -> Result<()> {
    if !plan.is_new(NamespaceKind::User) {
        return Ok(());
    }
    write(&format!("/proc/{pid}/uid_map"), &lines(&plan.uid_map))?;
    write(&format!("/proc/{pid}/gid_map"), &lines(&plan.gid_map))
}

/// A user namespace with the container's maps, for mapping the owners of its layers before it exists itself.
pub fn mapped_users(plan: &Namespaces) -> Result<OwnedFd> {
    let (ours, theirs) = Link::pair()?;
    let holder = clone3(NEWUSER, None, || i32::from(theirs.ready_and_wait().is_err()))
        .map_err(|e| Error::io("make", "a user namespace", e))?;
    let pid = holder.pid.as_raw_nonzero().get();
    let made = ours
        .next()
        .and_then(|_| write_maps(pid, plan))
        .and_then(|()| open_file(Path::new(&format!("/proc/{pid}/ns/user"))));
    holder.end();
    made
}

fn lines(map: &[IdMapping]) -> String {
    map.iter().map(|m| format!("{} {} {}\n", m.container_id, m.host_id, m.size)).collect()
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io("write", path, e))
}
