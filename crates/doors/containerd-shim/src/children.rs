//! Children and whom we inherit from containers: each end is seen once, by who waits for it, and nobody stays unburied.
//!
//! Processes of containers are watched by pidfd. While a runtime command is under way an unknown child may be its
//! process, whose id is not known yet: nothing is buried then that nobody knows.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use knarr_sys::children::{bury, ended};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::poll::{Poll, Ready, Token};
use crate::{Error, Result, locked};

/// Who is known.
#[derive(Default)]
pub struct Children(Mutex<State>);

#[derive(Default)]
struct State {
    watched: HashSet<Pid>,
    commands: usize,
}

/// A runtime command that is under way.
pub struct Command<'a>(&'a Children);

impl Children {
    /// Until the result is dropped, unknown children are left alone.
    pub fn command(&self) -> Command<'_> {
        locked(&self.0).commands += 1;
        Command(self)
    }

    /// Takes a process that a runtime command has made; to be called before that command's guard is dropped.
    pub fn adopt(&self, pid: Pid) -> Result<OwnedFd> {
        // Alive or unburied, for only we bury it: the number is still its own.
        let process = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| Error::io("open", "the process", e))?;
        locked(&self.0).watched.insert(pid);
        Ok(process)
    }

    /// Buries a process whose end has been told.
    pub fn bury(&self, pid: Pid) {
        bury(pid);
        locked(&self.0).watched.remove(&pid);
        self.sweep();
    }

    /// Buries whom nobody waits for.
    fn sweep(&self) {
        let state = locked(&self.0);
        if state.commands > 0 {
            return;
        }
        while let Some(child) = ended(None).filter(|child| !state.watched.contains(&child.pid)) {
            bury(child.pid);
        }
    }
}

impl Drop for Command<'_> {
    fn drop(&mut self) {
        locked(&self.0.0).commands -= 1;
        self.0.sweep();
    }
}

/// The handler of the descriptor that says that a child has ended.
pub struct Orphans {
    /// All children.
    pub children: std::sync::Arc<Children>,
    /// From `knarr_sys::program::child_events`.
    pub events: OwnedFd,
}

impl Ready for Orphans {
    fn ready(&self, _: &Poll, _: Token) {
        let mut signals = [0; 512];
        let _told = rustix::io::read(&self.events, &mut signals);
        self.children.sweep();
    }
}
