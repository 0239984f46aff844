//! `resize`: the size of a container's terminal.

use knarr_model::Result;

use super::actor::Command;
use crate::Engine;

impl Engine {
    /// Tells a container's terminal its size in characters.
    pub async fn resize(&self, name: &str, rows: u16, columns: u16) -> Result<()> {
        self.containers.find(name)?.ask(|reply| Command::Resize(rows, columns, reply)).await
    }
}
