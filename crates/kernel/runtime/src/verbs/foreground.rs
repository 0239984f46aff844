//! Waiting in the foreground: signals go to the program, its exit code becomes ours.

use std::os::fd::{AsFd, OwnedFd};

use knarr_sys::clone::Child;
use knarr_sys::signals::{self, Blocked};
use rustix::process::{WaitOptions, waitpid};

use crate::child::exit_code;
use crate::verbs::terminal::Relay;
use crate::{Error, Result};

const SIGCHLD: i32 = 17;
const SIGWINCH: i32 = 28;

/// Signals that wait to be forwarded; to be prepared before the child exists, so that none is lost.
pub struct Wait(Blocked);

impl Wait {
    /// Holds all signals back from here on.
    pub fn prepare() -> Result<Self> {
        Blocked::all().map(Self).map_err(|e| Error::io("block", "the signals", e))
    }

    /// Forwards signals to the child, and carries its terminal (whose master comes over `console`), until it has ended.
    pub fn for_end(&self, child: &Child, console: Option<&OwnedFd>) -> Result<i32> {
        let relay = console.map(Relay::start).transpose()?;
        let code = self.forward(child, relay.as_ref());
        relay.into_iter().for_each(Relay::end);
        code
    }

    fn forward(&self, child: &Child, relay: Option<&Relay>) -> Result<i32> {
        loop {
            let ended = rustix::io::retry_on_intr(|| waitpid(Some(child.pid), WaitOptions::NOHANG));
            if let Some((_, status)) = ended.map_err(|e| Error::io("wait for", "the program", e))? {
                return Ok(exit_code(status));
            }
            match self.0.wait() {
                Ok(received) if received.signal == SIGWINCH => relay.into_iter().for_each(Relay::resize),
                Ok(received) if received.signal != SIGCHLD => {
                    // It may have ended in this moment; the next turn finds out.
                    let _gone = signals::send_to(child.pidfd.as_fd(), received.signal);
                }
                _ => {}
            }
        }
    }
}
