//! `start`.

use knarr_model::Result;

use super::actor::Command;
use crate::Engine;

impl Engine {
    /// Starts a container. [`knarr_model::Kind::NotModified`] where it runs already.
    pub async fn start(&self, name: &str) -> Result<()> {
        self.containers.find(name)?.ask(Command::Start).await
    }
}
