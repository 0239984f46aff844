//! The container's side: what the first process does from clone3 to execve, and what a joining process does.
//!
//! ```text
//! enter   session, cgroup, joined namespaces, user          enter.rs
//! build   root, mounts, devices, console, masks, pivot_root rootfs.rs mounts.rs devices.rs console.rs masks.rs
//! finish  limits, labels, seccomp, identity, program        finish.rs identity.rs program.rs reaper.rs
//! ```

mod cgroups;
mod console;
mod devices;
mod enter;
mod finish;
mod foreign;
mod identity;
mod masks;
mod mounts;
mod passwd;
mod procfs;
mod program;
mod reaper;
mod rootfs;

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use knarr_cgroups::Join;
use knarr_spec::{Hook, NamespaceKind, State};

use crate::link::{Failure, Link};
use crate::plan::{Plan, ProcessPlan};

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
    /// Ways into the cgroups.
    pub cgroup: Join,
    /// Name and folder of each of the container's cgroups, for a mount of type cgroup.
    pub cgroup_folders: Vec<(String, PathBuf)>,
    /// The root file system as a detached mount, where it is a snapshot.
    pub root: Option<OwnedFd>,
    /// Where the terminal's master goes.
    pub console: Option<OwnedFd>,
    /// Read before the program starts, where the container is only created.
    pub fifo: Option<OwnedFd>,
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
    /// What they are told on standard input.
    pub state: State,
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
}

/// How a program starts, first or joining.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// How many descriptors above standard error it inherits.
    pub preserve_fds: u32,
    /// Whether it gets a session keyring of its own.
    pub keyring: bool,
    /// The system call filter.
    pub seccomp: Option<knarr_seccomp::Program>,
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
    enter::first(child)?;
    let terminal = rootfs::build(child)?;
    finish::first(child, terminal)
}

fn run_joining(child: &JoiningProcess<'_>) -> Result<i32, Failure> {
    enter::joining(child)?;
    finish::joining(child)
}
