//! Connections to a container's streams: each client gets one of its own to the shim.

use knarr_model::{Fault, Result};

use super::{Actor, Reply};
use crate::shim::{self, Link, want};

/// Clients that may wait for one container's start.
const WAITING: usize = 64;

/// Which streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

/// Somebody who will be connected when the container starts.
pub(super) struct Waiting {
    wanted: Wanted,
    reply: Reply<Link>,
}

impl Wanted {
    /// As a hello says it.
    pub(crate) fn flags(self) -> u32 {
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        flag(self.stdin, want::STDIN) | flag(self.stdout, want::STDOUT) | flag(self.stderr, want::STDERR)
    }
}

impl Actor {
    pub(super) async fn attach(&mut self, wanted: Wanted, reply: Reply<Link>) {
        self.attachers.retain(|waiting| !waiting.reply.is_closed());
        if self.record.state.status.alive() {
            let _ = reply.send(self.connect(wanted).await);
        } else if self.attachers.len() < WAITING {
            self.attachers.push(Waiting { wanted, reply });
        } else {
            let text = format!("{WAITING} clients already wait for container {}", self.record.id.short());
            let _ = reply.send(Err(Fault::conflict(text)));
        }
    }

    /// Connects all who wait; called between the shim's start and the runtime's, so that nobody misses a byte.
    pub(super) async fn connect_waiting(&mut self) {
        for waiting in std::mem::take(&mut self.attachers) {
            let stream = self.connect(waiting.wanted).await;
            let _ = waiting.reply.send(stream);
        }
    }

    async fn connect(&self, wanted: Wanted) -> Result<Link> {
        let dir = self.engine.roots.exec("shims").join(self.record.id.as_str());
        shim::connect(&dir, wanted.flags()).await
    }
}
