//! Getting into cgroups and namespaces.

use std::os::fd::{AsFd, OwnedFd};

use knarr_spec::NamespaceKind;
use knarr_sys::process::join_session_keyring;
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Gid, Uid, set_dumpable_behavior, setsid};
use rustix::thread::{
    CpuSet, LinkNameSpaceType, ThreadNameSpaceType, UnshareFlags, move_into_link_name_space,
    move_into_thread_name_spaces, sched_setaffinity, set_thread_res_gid, set_thread_res_uid,
};

use super::{FirstProcess, JoiningProcess, identity};
use crate::link::{Failure, OrFail};
use crate::supplies::Cgroups;

/// A namespace to join: its kind and its file.
type Target = (NamespaceKind, OwnedFd);

/// The first process: into the namespaces that it makes and that it joins.
pub fn join(child: &FirstProcess<'_>) -> Result<(), Failure> {
    if !child.plan.namespaces.is_new(NamespaceKind::User) {
        not_inspectable()?;
    }
    if child.make != 0 {
        let flags = UnshareFlags::from_bits_retain(child.make as u32);
        knarr_sys::namespaces::unshare(flags).or_fail("make the namespaces")?;
    }
    child.join.iter().try_for_each(join_one)
}

/// Waits for the cgroups, and joins them.
pub fn cgroups(child: &FirstProcess<'_>) -> Result<Cgroups, Failure> {
    let cgroups = child.supplies.cgroups()?;
    cgroups.join.enter_tasks().or_fail("join the cgroups")?;
    Ok(cgroups)
}

/// The go-between that joins a user namespace: first the namespaces that are the host's to join, then it, and with its
/// rights those that belong to it.
pub fn join_with_user(child: &FirstProcess<'_>) -> Result<Cgroups, Failure> {
    not_inspectable()?;
    let cgroups = cgroups(child)?;
    let (user, others): (Vec<_>, Vec<_>) = child.join.iter().partition(|(kind, _)| *kind == NamespaceKind::User);
    let mut later = Vec::new();
    for target in others {
        match join_one(target) {
            Err(failure) if failure.errno == Errno::PERM.raw_os_error() => later.push(target),
            other => other?,
        }
    }
    user.into_iter().try_for_each(join_one)?;
    become_root_inside()?;
    later.into_iter().try_for_each(join_one)?;
    Ok(cgroups)
}

fn join_one((kind, file): &Target) -> Result<(), Failure> {
    move_into_link_name_space(file.as_fd(), link_kind(*kind)).or_fail(format!("join the {kind:?} namespace"))
}

/// The first process, where it shall be: what it makes of its namespaces.
pub fn first(child: &FirstProcess<'_>) -> Result<(), Failure> {
    let namespaces = &child.plan.namespaces;
    let new_user = namespaces.is_new(NamespaceKind::User);
    if child.plan.init {
        // This process stays, where the container can see its command line.
        knarr_sys::process::set_title(b"knarr-init").or_fail("set the title")?;
    }
    setsid().or_fail("setsid")?;
    if child.parent_works {
        child.link.ready_and_wait()?;
    }
    if new_user {
        // Only now: the id maps of a process that cannot be inspected are for root alone to write.
        not_inspectable()?;
    }
    if new_user {
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
    run_on(child.process.affinity.1.as_ref())?;
    let kinds = ThreadNameSpaceType::from_bits_retain(child.namespaces as u32);
    move_into_thread_name_spaces(child.target.as_fd(), kinds).or_fail("join the container's namespaces")?;
    if kinds.contains(ThreadNameSpaceType::USER) {
        become_root_inside()?;
    }
    keyring(child.start.keyring)
}

/// Chooses the CPUs of this process.
fn run_on(cpus: Option<&CpuSet>) -> Result<(), Failure> {
    cpus.map_or(Ok(()), |set| sched_setaffinity(None, set)).or_fail("set the CPU affinity")
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

/// Makes the container's cgroup the root of what it sees, once it is inside.
pub fn cgroup_namespace(child: &FirstProcess<'_>) -> Result<(), Failure> {
    if !child.plan.namespaces.new_cgroup {
        return Ok(());
    }
    knarr_sys::namespaces::unshare(UnshareFlags::NEWCGROUP).or_fail("make a cgroup namespace")
}

/// In a new user namespace the ids are the overflow ids until they are set.
fn become_root_inside() -> Result<(), Failure> {
    let (uid, gid) = (Uid::from_raw(0), Gid::from_raw(0));
    identity::set_groups(&[]).or_fail("drop the groups")?;
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
