//! `kill`.

use knarr_model::{Fault, Result};

use super::actor::{Command, Intent};
use super::signal;
use crate::Engine;

impl Engine {
    /// Sends a signal (name or number; empty is `SIGKILL`) to a container's first process. After `SIGKILL` this returns when the
    /// container has ended, which must not take long.
    pub async fn kill(&self, name: &str, text: &str) -> Result<()> {
        let named = |error: Fault| Fault::new(error.kind(), format!("cannot kill container: {name}")).because(error);
        self.send(name, text).await.map_err(named)
    }

    async fn send(&self, name: &str, text: &str) -> Result<()> {
        let number = if text.is_empty() { signal::KILL } else { signal::parse(text)? };
        let container = self.containers.find(name)?;
        let exits = container.life().borrow().exits;
        container.ask_shim(|reply| Command::Signal(number, Intent::Kill, reply)).await?;
        if number == signal::KILL { container.killed(exits).await } else { Ok(()) }
    }
}
