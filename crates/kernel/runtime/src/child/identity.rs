//! Who the program runs as: groups, ids, capabilities.

use rustix::fs::{FileType, fchown, fstat};
use rustix::process::Gid;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use crate::capabilities::NAMES;
use crate::link::{Failure, OrFail};
use crate::plan::ProcessPlan;

/// Gives up everything that the plan does not name.
pub fn assume(process: &ProcessPlan) -> Result<(), Failure> {
    let wanted = &process.capabilities;
    for bit in missing(wanted.bounding) {
        match remove_capability_from_bounding_set(bit) {
            // A capability that this kernel does not know.
            Err(rustix::io::Errno::INVAL) => {}
            other => other.or_fail("drop a capability from the bounding set")?,
        }
    }
    set_keep_capabilities(true).or_fail("keep capabilities")?;
    set_groups(&process.groups).or_fail("setgroups")?;
    set_thread_res_gid(process.gid, process.gid, process.gid).or_fail("setgid")?;
    set_thread_res_uid(process.uid, process.uid, process.uid).or_fail("setuid")?;
    set_keep_capabilities(false).or_fail("keep capabilities no longer")?;
    clear_ambient_capability_set().or_fail("clear the ambient capabilities")?;
    let sets =
        CapabilitySets { effective: wanted.effective, permitted: wanted.permitted, inheritable: wanted.inheritable };
    set_capabilities(None, sets).or_fail("set the capabilities")?;
    for bit in present(wanted.ambient) {
        configure_capability_in_ambient_set(bit, true).or_fail("raise an ambient capability")?;
    }
    Ok(())
}

/// Sets the supplementary groups. Where a user namespace was made by somebody who may not change them, none are asked
/// for and none are taken away.
pub fn set_groups(groups: &[Gid]) -> rustix::io::Result<()> {
    match set_thread_groups(groups) {
        Err(rustix::io::Errno::PERM) if groups.is_empty() && may_not_set_groups() => Ok(()),
        other => other,
    }
}

/// The kernel refuses who holds the capability only where the namespace's `setgroups` says "deny".
fn may_not_set_groups() -> bool {
    capabilities(None).is_ok_and(|held| held.effective.contains(CapabilitySet::SETGID))
}

fn every() -> impl Iterator<Item = CapabilitySet> {
    (0..64).map(|number| CapabilitySet::from_bits_retain(1 << number)).take(NAMES.len() + 8)
}

fn missing(set: CapabilitySet) -> impl Iterator<Item = CapabilitySet> {
    every().filter(move |bit| !set.contains(*bit))
}

fn present(set: CapabilitySet) -> impl Iterator<Item = CapabilitySet> {
    every().filter(move |bit| set.contains(*bit))
}

/// Gives standard input, output and error to the user, so that it can open `/dev/stdout`: pipes, sockets and terminals,
/// never files of the host.
pub fn own_stdio(process: &ProcessPlan) -> Result<(), Failure> {
    for stream in [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()] {
        let Ok(stat) = fstat(stream) else { continue };
        let kind = FileType::from_raw_mode(stat.st_mode);
        let terminal = kind.is_char_device() && rustix::termios::isatty(stream);
        let ours = stat.st_uid == process.uid.as_raw();
        if ours || !(terminal || kind.is_fifo() || kind.is_socket()) {
            continue;
        }
        match fchown(stream, Some(process.uid), None) {
            Err(rustix::io::Errno::PERM | rustix::io::Errno::INVAL | rustix::io::Errno::ROFS) => {}
            other => other.or_fail("give a standard stream to the user")?,
        }
    }
    Ok(())
}
