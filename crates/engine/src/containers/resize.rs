//! `resize`: the size of a container's terminal.

use knarr_model::Result;

use super::actor::Command;
use crate::Engine;

impl Engine {
    /// Tells a container's terminal its size in characters; nothing where it runs without one.
    pub async fn resize(&self, name: &str, rows: u16, columns: u16) -> Result<()> {
        let container = self.containers.find(name)?;
        let view = container.view();
        if view.state.status.alive() && !view.config.tty {
            return Ok(());
        }
        container.ask_shim(|reply| Command::Resize(rows, columns, reply)).await
    }
}
