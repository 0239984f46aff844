//! The end of a process: seen, its output handed on, told, and only then is it buried.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use knarr_sys::children::{Ended, ended};
use rustix::event::epoll::EventFlags;
use rustix::process::Pid;

use crate::container::Container;
use crate::messages::Timestamp;
use crate::messages::events::TaskExit;
use crate::poll::{Poll, Ready, Token};
use crate::process::{Exit, Living, Phase, Process};
use crate::shim::Shim;
use crate::{Result, locked, log, oom};

/// How long an exit may be held back by a reader that does not read.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before it is looked again.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits for the end of one process.
struct Ending {
    shim: Arc<Shim>,
    container: Arc<Container>,
    process: Arc<Process>,
    pid: Pid,
    handle: Arc<OwnedFd>,
    seen: Mutex<Option<(Instant, Timestamp)>>,
}

/// Sees the end of a process from here on.
pub fn watch(shim: &Arc<Shim>, container: &Arc<Container>, process: &Arc<Process>, living: &Living) -> Result<()> {
    let (token, ending) = shim.poll.add(|_| Ending {
        shim: shim.clone(),
        container: container.clone(),
        process: process.clone(),
        pid: living.pid,
        handle: living.process.clone(),
        seen: Mutex::new(None),
    });
    shim.poll.arm(&*ending.handle, token, EventFlags::IN)
}

impl Ready for Ending {
    fn ready(&self, poll: &Poll, token: Token) {
        let Some(how) = ended(Some(self.pid)) else { return self.again(poll, token) };
        let (since, at) = *locked(&self.seen).get_or_insert_with(|| (Instant::now(), Timestamp::now()));
        // Its start is told first; and what it wrote is handed on first.
        let starting = self.process.phase() == Phase::Starting;
        let drained = self.process.drain(poll) || since.elapsed() >= PATIENCE;
        if starting || !drained {
            return poll.wake_at(Instant::now() + PAUSE, token);
        }
        poll.remove(token);
        self.tell(poll, Exit { code: code(how), at });
        self.shim.children.bury(self.pid);
    }
}

impl Ending {
    fn again(&self, poll: &Poll, token: Token) {
        if let Err(error) = poll.arm(&*self.handle, token, EventFlags::IN) {
            log::warn(&error.full());
        }
    }

    fn tell(&self, poll: &Poll, exit: Exit) {
        let first = self.process.exec.is_empty();
        if first {
            oom::tell_last(&self.container, &self.shim.publisher);
            self.end_others();
        }
        if let Some(living) = self.process.living() {
            living.streams.close(poll);
        }
        self.shim.publisher.send(&TaskExit {
            container_id: self.container.id.clone(),
            id: if first { self.container.id.clone() } else { self.process.exec.clone() },
            pid: self.process.pid(),
            exit_status: exit.code,
            exited_at: Some(exit.at),
        });
        self.process.stop(exit);
    }

    /// Without a process namespace of its own a container's other processes outlive the first one: they end with it. Not
    /// here, for that may take a while.
    fn end_others(&self) {
        if self.container.own_pids {
            return;
        }
        let container = self.container.clone();
        std::thread::spawn(move || {
            let ended = container.cgroup().and_then(|cgroup| Ok(cgroup.kill_all()?));
            if let Err(error) = ended {
                log::warn(&error.full());
            }
        });
    }
}

fn code(how: Ended) -> u32 {
    let number = how.code.or(how.signal.map(|signal| 128 + signal));
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(255)
}
