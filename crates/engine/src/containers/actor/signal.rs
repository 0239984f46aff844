//! Signals and terminal sizes, through the shim, which holds the process and so never meets another of the same number.

use knarr_model::{Fault, Result};

use super::{Actor, Reply};
use crate::containers::container::silent_shim;
use crate::containers::{Status, signal};
use crate::shim::ToShim;

/// Questions that may wait for the shim's answer: fewer than fill its socket, so that asking never waits.
const UNANSWERED: usize = 64;

/// What the user means by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// `kill`: the restart policy holds unless the signal is deadly.
    Kill,
    /// `stop`: the policy lets it rest.
    Stop,
    /// `restart`: it will be started again.
    Restart,
    /// A health check or similar of our own.
    None,
}

impl Actor {
    pub(super) async fn signal(&mut self, number: u32, intent: Intent, reply: Reply<()>) {
        if let Err(error) = self.note(number, intent).await {
            let _ = reply.send(Err(error));
            return;
        }
        self.pass_on(ToShim::Signal { number, whole_group: false }, reply).await;
        // A frozen process would not die of it.
        if number == signal::KILL && self.record.state.status == Status::Paused {
            let _ = self.unpause().await;
        }
    }

    /// Refuses where nothing runs, and remembers what the user wants.
    async fn note(&mut self, number: u32, intent: Intent) -> Result<()> {
        let state = &mut self.record.state;
        if state.status == Status::Restarting && matches!(intent, Intent::Stop | Intent::Kill) {
            return self.give_up_restarting().await;
        }
        if !state.status.alive() {
            return Err(Fault::conflict(format!("container {} is not running", self.record.id)));
        }
        self.restarting = intent == Intent::Restart;
        let rest = intent == Intent::Stop || (intent == Intent::Kill && matches!(number, signal::KILL | signal::TERM));
        if rest && !state.stopped_by_user {
            state.stopped_by_user = true;
            self.commit().await?;
        }
        if intent != Intent::None {
            self.tell(self.event("kill").with("signal", number.to_string()));
        }
        Ok(())
    }

    pub(super) async fn resize(&mut self, rows: u16, columns: u16, reply: Reply<()>) {
        if !self.record.state.status.alive() {
            let error = Fault::conflict(format!("container {} is not running", self.record.id));
            let _ = reply.send(Err(error));
            return;
        }
        self.tell(self.event("resize").with("height", rows.to_string()).with("width", columns.to_string()));
        self.pass_on(ToShim::Resize { rows, columns }, reply).await;
    }

    async fn pass_on(&mut self, frame: ToShim<'_>, reply: Reply<()>) {
        let sent = match &mut self.link {
            Some(_) if self.answers.len() >= UNANSWERED => Err(silent_shim(&self.record.id)),
            Some(link) => link.send(frame).await,
            None => Err(Fault::conflict(format!("container {} is not running", self.record.id))),
        };
        match sent {
            Ok(()) => self.answers.push_back(reply),
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    /// The shim's answer to the oldest question: 0 or an errno.
    pub(super) fn answered(&mut self, errno: i32) {
        let Some(reply) = self.answers.pop_front() else { return };
        let result = match errno {
            0 => Ok(()),
            code => {
                let text = format!("cannot signal container {}", self.record.id.short());
                Err(Fault::internal(text).because(std::io::Error::from_raw_os_error(code)))
            }
        };
        let _ = reply.send(result);
    }
}
