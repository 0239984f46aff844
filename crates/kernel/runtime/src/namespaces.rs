//! The parent's part in namespaces: opening those to join, clocks, id maps.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};

use knarr_spec::{IdMapping, NamespaceKind};
use knarr_sys::clone::{NEWUSER, clone3};
use knarr_sys::namespaces::unshare;
use rustix::fs::{Mode, OFlags};
use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, LinkNameSpaceType, UnshareFlags, capabilities, move_into_link_name_space};

use crate::link::Link;
use crate::plan::Namespaces;
use crate::{Error, Result};

/// Opens the namespaces to join. A PID namespace, and the clocks of a new time namespace, take effect for the next child
/// of this process; the others are for the child to join, and with a user namespace all.
pub fn open(plan: &Namespaces) -> Result<Vec<(NamespaceKind, OwnedFd)>> {
    let mut files = Vec::with_capacity(plan.join.len());
    for (kind, path) in &plan.join {
        let file = open_file(path)?;
        if *kind == NamespaceKind::Pid && !plan.joins(NamespaceKind::User) {
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

/// Opens a namespace file.
pub fn open_file(path: &Path) -> Result<OwnedFd> {
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
pub fn write_maps(pid: i32, uid_map: &[IdMapping], gid_map: &[IdMapping]) -> Result<()> {
    if may_map_all()? {
        write(&format!("/proc/{pid}/uid_map"), &lines(uid_map))?;
        return write(&format!("/proc/{pid}/gid_map"), &lines(gid_map));
    }
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    match uid_map {
        [one] if one.size == 1 && one.host_id == uid => write(&format!("/proc/{pid}/uid_map"), &lines(uid_map))?,
        map => by_program("newuidmap", pid, map)?,
    }
    match gid_map {
        // The kernel's rule: who maps only the own group must give up setgroups(2) first.
        [one] if one.size == 1 && one.host_id == gid => write(&format!("/proc/{pid}/setgroups"), "deny")
            .and_then(|()| write(&format!("/proc/{pid}/gid_map"), &lines(gid_map))),
        map => by_program("newgidmap", pid, map),
    }
}

/// Whether this process may map ids that are not its own (user_namespaces(7)).
fn may_map_all() -> Result<bool> {
    let held = capabilities(None).map_err(|e| Error::io("read", "the own capabilities", e))?.effective;
    Ok(held.contains(CapabilitySet::SETUID | CapabilitySet::SETGID))
}

/// newuidmap(1) and newgidmap(1) hold the rights, and know from `/etc/subuid` and `/etc/subgid` who may use which ids.
fn by_program(name: &'static str, pid: i32, map: &[IdMapping]) -> Result<()> {
    let numbers = map.iter().flat_map(|m| [m.container_id, m.host_id, m.size]).map(|number| number.to_string());
    let output = Command::new(name).arg(pid.to_string()).args(numbers).stdin(Stdio::null()).output();
    let output = output.map_err(|e| Error::io("run", name, e))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Spec(format!("{name} refused the container's id map: {said}")))
}

/// A user namespace with these maps, for mapping the owners on a mount.
pub fn mapped_users(uid_map: &[IdMapping], gid_map: &[IdMapping]) -> Result<OwnedFd> {
    let (ours, theirs) = Link::pair()?;
    let (holder, ours) = clone3(NEWUSER, None, ours, || i32::from(theirs.ready_and_wait().is_err()))
        .map_err(|e| Error::io("make", "a user namespace", e))?;
    let pid = holder.pid.as_raw_nonzero().get();
    let made = ours
        .next()
        .and_then(|_| write_maps(pid, uid_map, gid_map))
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
