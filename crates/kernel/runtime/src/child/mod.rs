//! The container's side: what the first process does from clone3 to execve, and what a joining process does.
//!
//! ```text
//! enter   session, cgroup, joined namespaces, user          enter.rs
//! build   root, mounts, devices, console, masks, pivot_root rootfs.rs mounts.rs devices.rs console.rs masks.rs
//! finish  limits, labels, seccomp, identity, program        finish.rs identity.rs program.rs reaper.rs
//! ```

mod cgroups;
mod console;
mod copy_up;
mod devices;
mod enter;
mod finish;
mod identity;
mod masks;
mod mounts;
mod passwd;
mod procfs;
mod program;
mod reaper;
mod rootfs;

use std::os::fd::{AsFd, OwnedFd};

use knarr_cgroups::Join;
use knarr_spec::{Hook, NamespaceKind, State, Status};

use knarr_sys::clone::sibling;

use crate::link::{Failure, Link, OrFail};
use crate::plan::{Plan, ProcessPlan, namespace_flag};
use crate::supplies::{Cgroups, Taker};

pub use reaper::exit_code;

/// What the parent has opened and compiled for the first process.
#[derive(Debug)]
pub struct FirstProcess<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// The child's end of the link.
    pub link: Link,
    /// Namespaces to join (but PID, which the parent has joined for its children).
    pub join: Vec<(NamespaceKind, OwnedFd)>,
    /// Where the cgroups and the system call filter come from.
    pub supplies: Taker,
    /// Namespaces that are left for the process to make, as flags of unshare(2).
    pub make: u64,
    /// The root file system as a detached mount, where the parent made it.
    pub root: Option<OwnedFd>,
    /// For each mount of the plan its source as a detached mount, where the parent opened it.
    pub sources: Vec<Option<OwnedFd>>,
    /// Where the terminal's master goes.
    pub console: Option<OwnedFd>,
    /// Read before the program starts, where the container is only created.
    pub fifo: Option<OwnedFd>,
    /// Whether the host's tree is left by pivot_root(2); a root on an initramfs cannot be.
    pub pivot: bool,
    /// Whether the parent has something to do (id maps, hooks) once the namespaces exist.
    pub parent_works: bool,
    /// The state that hooks are told, with its process id yet unknown to this process.
    pub hooks: Option<&'a ChildHooks>,
    /// How the program starts.
    pub start: Start,
}

/// Hooks that run in the container's namespaces.
#[derive(Debug, Clone)]
pub struct ChildHooks {
    /// Before pivot_root.
    pub create_container: Vec<Hook>,
    /// Before the program.
    pub start_container: Vec<Hook>,
    /// What they are told on standard input, but for what the child knows.
    pub told: State,
}

impl ChildHooks {
    /// The state at this point, with the process id as the container sees it.
    fn state(&self, status: Status) -> State {
        State { status, pid: rustix::process::getpid().as_raw_nonzero().get(), ..self.told.clone() }
    }
}

/// What a process that joins a running container needs.
#[derive(Debug)]
pub struct JoiningProcess<'a> {
    /// What to become.
    pub process: &'a ProcessPlan,
    /// The child's end of the link.
    pub link: Link,
    /// The container's first process.
    pub target: OwnedFd,
    /// Namespaces to join, as flags of setns(2).
    pub namespaces: u64,
    /// Ways into the cgroups.
    pub cgroup: Join,
    /// Where the terminal's master goes.
    pub console: Option<OwnedFd>,
    /// How the program starts.
    pub start: Start,
    /// The system call filter.
    pub filter: Option<knarr_seccomp::Program>,
}

/// How a program starts, first or joining.
#[derive(Debug, Clone, Copy, Default)]
pub struct Start {
    /// How many descriptors above standard error it inherits.
    pub preserve_fds: u32,
    /// Whether it gets a session keyring of its own.
    pub keyring: bool,
}

/// Becomes the container's first process; the exit code is for a failure, which was reported.
pub fn first(child: FirstProcess<'_>) -> i32 {
    report(&child.link, run_first(&child))
}

/// Becomes a process of a running container.
pub fn joining(child: JoiningProcess<'_>) -> i32 {
    report(&child.link, run_joining(&child))
}

fn report(link: &Link, result: Result<i32, Failure>) -> i32 {
    match result {
        Ok(code) => code,
        Err(failure) => {
            link.failed(&failure);
            1
        }
    }
}

fn run_first(child: &FirstProcess<'_>) -> Result<i32, Failure> {
    if child.plan.namespaces.joins(NamespaceKind::User) {
        let cgroups = enter::join_with_user(child)?;
        let flags = child.plan.namespaces.clone_flags;
        return go_on_as_sibling(&child.link, flags, || become_first(child, Some(cgroups)));
    }
    enter::join(child)?;
    let cgroups = child.parent_works.then(|| enter::cgroups(child)).transpose()?;
    become_first(child, cgroups)
}

/// The cgroups are joined as late as can be, so that the parent has time to make them: before anything is mounted that
/// could hold the container's data, and before the parent's own work (hooks, id maps), if it has any.
fn become_first(child: &FirstProcess<'_>, joined: Option<Cgroups>) -> Result<i32, Failure> {
    enter::first(child)?;
    let place = rootfs::place(child)?;
    let cgroups = joined.map_or_else(|| enter::cgroups(child), Ok)?;
    enter::cgroup_namespace(child)?;
    let terminal = rootfs::build(child, &place, &cgroups.folders)?;
    finish::first(child, terminal)
}

fn run_joining(child: &JoiningProcess<'_>) -> Result<i32, Failure> {
    enter::joining(child)?;
    if child.namespaces & namespace_flag(NamespaceKind::User) == 0 {
        return finish::joining(child);
    }
    go_on_as_sibling(&child.link, 0, || finish::joining(child))
}

/// Lets a new process go on in the place of this one, which ends: a PID namespace that was joined, and a user namespace
/// to which new ones shall belong, count for children only.
fn go_on_as_sibling(link: &Link, namespaces: u64, work: impl FnOnce() -> Result<i32, Failure>) -> Result<i32, Failure> {
    let made = sibling(namespaces, || match link.wait() {
        Ok(()) => report(link, work()),
        Err(_) => 1,
    });
    link.sibling(made.or_fail("make the container's process")?.pidfd.as_fd())?;
    Ok(0)
}
