//! `pause` and `unpause`.

use knarr_model::Result;

use super::actor::Command;
use crate::Engine;

impl Engine {
    /// Freezes all processes of a container.
    pub async fn pause(&self, name: &str) -> Result<()> {
        self.containers.find(name)?.ask(Command::Pause).await
    }

    /// Lets them run on.
    pub async fn unpause(&self, name: &str) -> Result<()> {
        self.containers.find(name)?.ask(Command::Unpause).await
    }
}
