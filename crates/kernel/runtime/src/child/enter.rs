//! Getting into cgroups and namespaces.

use std::os::fd::AsFd;

use knarr_spec::NamespaceKind;
use knarr_sys::process::join_session_keyring;
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Gid, Uid, set_dumpable_behavior, setsid};
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, UnshareFlags, move_into_link_name_space, move_into_thread_name_spaces,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::{FirstProcess, JoiningProcess};
use crate::link::{Failure, OrFail};

/// The first process: born in its new namespaces, it joins the others.
pub fn first(child: &FirstProcess<'_>) -> Result<(), Failure> {
    let namespaces = &child.plan.namespaces;
    not_inspectable()?;
    if child.plan.init {
        // This process stays, where the container can see its command line.
        knarr_sys::process::set_title(b"knarr-init").or_fail("set the title")?;
    }
    setsid().or_fail("setsid")?;
    if child.parent_works {
        child.link.ready_and_wait()?;
    }
    child.cgroup.enter_tasks().or_fail("join the cgroups")?;
    for (kind, file) in &child.join {
        let link = link_kind(*kind);
        move_into_link_name_space(file.as_fd(), link).or_fail(format!("join the {kind:?} namespace"))?;
    }
    if namespaces.new_cgroup {
        unshare_cgroup()?;
    }
    if namespaces.is_new(NamespaceKind::User) {
        become_root_inside()?;
    }
    if namespaces.is_new(NamespaceKind::Network) {
        knarr_sys::loopback::up().or_fail("bring up the loopback interface")?;
    }
    keyring(child.start.keyring)
}

/// A joining process: its cgroups first, while it still sees them; then all namespaces in one call.
pub fn joining(child: &JoiningProcess<'_>) -> Result<(), Failure> {
    not_inspectable()?;
    setsid().or_fail("setsid")?;
    child.cgroup.enter_tasks().or_fail("join the cgroups")?;
    let kinds = ThreadNameSpaceType::from_bits_retain(child.namespaces as u32);
    move_into_thread_name_spaces(child.target.as_fd(), kinds).or_fail("join the container's namespaces")?;
    if kinds.contains(ThreadNameSpaceType::USER) {
        become_root_inside()?;
    }
    keyring(child.start.keyring)
}

/// From here to execve no process of the container can look into this one (flaw row 3).
fn not_inspectable() -> Result<(), Failure> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).or_fail("become non-dumpable")
}

fn link_kind(kind: NamespaceKind) -> Option<LinkNameSpaceType> {
    Some(match kind {
        NamespaceKind::Network => LinkNameSpaceType::Network,
        NamespaceKind::Ipc => LinkNameSpaceType::InterProcessCommunication,
        NamespaceKind::Uts => LinkNameSpaceType::HostNameAndNISDomainName,
        NamespaceKind::Cgroup => LinkNameSpaceType::ControlGroup,
        NamespaceKind::Time => LinkNameSpaceType::Time,
        NamespaceKind::Pid => LinkNameSpaceType::ProcessID,
        NamespaceKind::User => LinkNameSpaceType::User,
        NamespaceKind::Mount => LinkNameSpaceType::Mount,
    })
}

fn unshare_cgroup() -> Result<(), Failure> {
    knarr_sys::namespaces::unshare(UnshareFlags::NEWCGROUP).or_fail("make a cgroup namespace")
}

/// In a new user namespace the ids are the overflow ids until they are set.
fn become_root_inside() -> Result<(), Failure> {
    let (uid, gid) = (Uid::from_raw(0), Gid::from_raw(0));
    set_thread_groups(&[]).or_fail("drop the groups")?;
    set_thread_res_gid(gid, gid, gid).or_fail("become group 0 of the user namespace")?;
    set_thread_res_uid(uid, uid, uid).or_fail("become user 0 of the user namespace")
}

/// A session keyring of its own, so that the runtime's is not seen; not everywhere permitted.
fn keyring(wanted: bool) -> Result<(), Failure> {
    if !wanted {
        return Ok(());
    }
    match join_session_keyring(c"_ses.container") {
        Err(e) if matches!(Errno::from_io_error(&e), Some(Errno::PERM | Errno::NOSYS | Errno::DQUOT)) => Ok(()),
        other => other.or_fail("join a session keyring"),
    }
}
