//! `kill`.

use knarr_model::{Fault, Result};

use super::actor::{Command, Intent};
use super::signal;
use crate::Engine;

impl Engine {
    /// Sends a signal (name or number; empty is `SIGKILL`) to a container's first process. After `SIGKILL` this returns when the
    /// container has ended.
    pub async fn kill(&self, name: &str, text: &str) -> Result<()> {
        let named = |error: Fault| Fault::new(error.kind(), format!("cannot kill container: {name}")).because(error);
        self.send(name, text).await.map_err(named)
    }

    async fn send(&self, name: &str, text: &str) -> Result<()> {
        let number = if text.is_empty() { signal::KILL } else { signal::parse(text)? };
        let container = self.containers.find(name)?;
        let mut life = container.life();
        let exits = life.borrow_and_update().exits;
        container.ask(|reply| Command::Signal(number, Intent::Kill, reply)).await?;
        if number == signal::KILL {
            let _ = life.wait_for(|life| life.exits > exits || life.removed || !life.status.alive()).await;
        }
        Ok(())
    }
}
