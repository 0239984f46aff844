//! `restart`.

use knarr_model::{Kind, Result};

use super::actor::Intent;
use crate::{Engine, Event};

impl Engine {
    /// Stops a container where it runs, then starts it. A container that removes itself survives this.
    pub async fn restart(&self, name: &str, timeout: Option<i64>, signal: &str) -> Result<()> {
        let container = self.containers.find(name)?;
        match self.stop_as(&container, timeout, signal, Intent::Restart).await {
            Err(error) if error.kind() != Kind::NotModified => return Err(error),
            _ => {}
        }
        container.ask(super::actor::Command::Start).await?;
        let view = container.view();
        self.events.publish(Event::new("container", "restart", view.id.as_str()).with_all(&view.attributes()));
        Ok(())
    }
}
