//! One process of a container: its first, or one that was added by exec.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use knarr_sys::children;
use rustix::process::Pid;

use crate::messages::Timestamp;
use crate::poll::Poll;
use crate::stdio::{Paths, Streams};
use crate::{Error, Result, locked};

/// Where a process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Known, not made.
    Added,
    /// Made; its program was not started.
    Created,
    /// The runtime is at work on it.
    Starting,
    /// Its program runs.
    Running,
    /// It has ended.
    Stopped,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "not started",
            Self::Created => "created",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// How and when a process ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exit {
    /// The exit code, or 128 and the signal.
    pub code: u32,
    /// When it was seen.
    pub at: Timestamp,
}

/// Called with a process's exit.
pub type OnExit = Box<dyn FnOnce(Exit) + Send>;

/// A process.
pub struct Process {
    /// Its exec id, empty for the container's first process.
    pub exec: String,
    /// What containerd wants its streams to be.
    pub paths: Paths,
    state: Mutex<State>,
    stopped: Condvar,
}

struct State {
    phase: Phase,
    living: Option<Living>,
    exit: Option<Exit>,
    waiting: Vec<OnExit>,
}

/// What there is of a process from its making on.
#[derive(Clone)]
pub struct Living {
    /// Its id.
    pub pid: Pid,
    /// Its descriptor.
    pub process: Arc<OwnedFd>,
    /// Its streams.
    pub streams: Arc<Streams>,
}

impl Process {
    /// One that is known and not made.
    pub fn new(exec: &str, paths: Paths) -> Self {
        let state = State { phase: Phase::Added, living: None, exit: None, waiting: Vec::new() };
        Self { exec: exec.to_owned(), paths, state: Mutex::new(state), stopped: Condvar::new() }
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        locked(&self.state).phase
    }

    /// Its id; 0 before it is made.
    pub fn pid(&self) -> u32 {
        self.living().map_or(0, |living| living.pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Its end, if that has come.
    pub fn exit(&self) -> Option<Exit> {
        locked(&self.state).exit
    }

    /// What there is of it, from its making on.
    pub fn living(&self) -> Option<Living> {
        locked(&self.state).living.clone()
    }

    /// Begins a start, which only one caller can: from `from` to [`Phase::Starting`].
    pub fn begin_start(&self, from: Phase) -> Result<()> {
        let mut state = locked(&self.state);
        if state.phase != from {
            return Err(self.wrong("start", state.phase));
        }
        state.phase = Phase::Starting;
        Ok(())
    }

    /// Notes that it was made.
    pub fn made(&self, living: Living, phase: Phase) {
        let mut state = locked(&self.state);
        state.living = Some(living);
        state.phase = phase;
    }

    /// Ends a start: as what it is now.
    pub fn end_start(&self, phase: Phase) {
        locked(&self.state).phase = phase;
    }

    /// Tells its exit to all who wait.
    pub fn stop(&self, exit: Exit) {
        let mut state = locked(&self.state);
        state.phase = Phase::Stopped;
        state.exit = Some(exit);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.stopped.notify_all();
        waiting.into_iter().for_each(|told| told(exit));
    }

    /// Calls back at its exit, now if that has been.
    pub fn when_stopped(&self, told: OnExit) {
        let mut state = locked(&self.state);
        match state.exit {
            None => state.waiting.push(told),
            Some(exit) => {
                drop(state);
                told(exit);
            }
        }
    }

    /// Waits for its exit.
    pub fn wait_stopped(&self, patience: Duration) -> Result<Exit> {
        let end = Instant::now() + patience;
        let mut state = locked(&self.state);
        loop {
            if let Some(exit) = state.exit {
                return Ok(exit);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.wrong("delete", state.phase));
            }
            state = self.stopped.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, number: i32) -> Result<()> {
        let living = match self.phase() {
            Phase::Stopped => return Err(Error::Finished),
            Phase::Added => return Err(self.wrong("signal", Phase::Added)),
            _ => self.living().ok_or(Error::Finished)?,
        };
        match children::signal(living.process.as_fd(), number, false) {
            Err(rustix::io::Errno::SRCH) => Err(Error::Finished),
            other => other.map_err(|e| Error::io("signal", self.name(), e)),
        }
    }

    /// Its streams, from its making on.
    pub fn streams(&self) -> Result<Arc<Streams>> {
        self.living().map(|living| living.streams).ok_or_else(|| self.wrong("reach the streams of", self.phase()))
    }

    /// Hands on what it has written; false where a reader has not taken all of it yet.
    pub fn drain(&self, poll: &Poll) -> bool {
        self.living().is_none_or(|living| living.streams.drain(poll))
    }

    /// Refuses what its phase does not allow.
    pub fn wrong(&self, operation: &'static str, phase: Phase) -> Error {
        Error::Phase { operation, object: self.name(), phase: phase.name() }
    }

    fn name(&self) -> String {
        match self.exec.as_str() {
            "" => "the container's first process".to_owned(),
            exec => format!("process {exec}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_start_and_an_exit_is_told_to_all() {
        let process = Process::new("e1", Paths::default());
        process.begin_start(Phase::Added).unwrap();
        assert!(process.begin_start(Phase::Added).is_err());
        let (sender, receiver) = std::sync::mpsc::channel();
        let before = sender.clone();
        process.when_stopped(Box::new(move |exit| before.send(exit.code).unwrap()));
        process.stop(Exit { code: 137, at: Timestamp::now() });
        process.when_stopped(Box::new(move |exit| sender.send(exit.code).unwrap()));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [137, 137]);
        assert!(matches!(process.signal(9), Err(Error::Finished)));
        assert_eq!(process.wait_stopped(Duration::ZERO).unwrap().code, 137);
    }
}
