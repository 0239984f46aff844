//! `stop`: the stop signal, a while to obey, the kill.

use std::sync::Arc;
use std::time::Duration;

use knarr_model::{Fault, Kind, Result};

use super::actor::{Command, Intent};
use super::{Container, signal};
use crate::{Engine, Event};

/// A killed container is gone after this long, or something is stuck in the kernel.
const KILL_DEADLINE: Duration = Duration::from_secs(10);

impl Engine {
    /// Stops a container. `timeout` seconds (none: the container's own, else the daemon's; negative: for ever) lie between `text`
    /// (empty: the container's stop signal) and the kill. [`Kind::NotModified`] where it does not run.
    pub async fn stop(&self, name: &str, timeout: Option<i64>, text: &str) -> Result<()> {
        let container = self.containers.find(name)?;
        self.stop_as(&container, timeout, text, Intent::Stop).await?;
        let view = container.view();
        self.events.publish(Event::new("container", "stop", view.id.as_str()).with_all(&view.attributes()));
        Ok(())
    }

    pub(super) async fn stop_as(
        &self,
        container: &Arc<Container>,
        timeout: Option<i64>,
        text: &str,
        intent: Intent,
    ) -> Result<()> {
        let view = container.view();
        let number = match [text, &view.config.stop_signal].into_iter().find(|text| !text.is_empty()) {
            Some(text) => signal::parse(text)?,
            None => signal::TERM,
        };
        let seconds = timeout.or(view.config.stop_timeout).unwrap_or(i64::from(self.config.stop_timeout));
        let mut life = container.life();
        let before = *life.borrow_and_update();
        if !before.status.alive() && before.status != super::Status::Restarting {
            return Err(Fault::new(Kind::NotModified, "container is already stopped"));
        }
        container.ask_shim(|reply| Command::Signal(number, intent, reply)).await?;
        let ended = life.wait_for(|life| life.exits > before.exits || life.removed);
        let Ok(seconds) = u64::try_from(seconds) else {
            let _ = ended.await;
            return Ok(());
        };
        if tokio::time::timeout(Duration::from_secs(seconds), ended).await.is_ok() {
            return Ok(());
        }
        let asked = container.ask_shim(|reply| Command::Signal(signal::KILL, intent, reply)).await;
        container.killed(before.exits).await.map_err(|late| asked.err().unwrap_or(late))
    }
}

impl Container {
    /// Waits for the end that SIGKILL brings: more ends than `exits`, the number before the signal.
    pub(super) async fn killed(&self, exits: u64) -> Result<()> {
        let mut life = self.life();
        let ended = life.wait_for(|life| life.exits > exits || life.removed || !life.status.alive());
        match tokio::time::timeout(KILL_DEADLINE, ended).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let text =
                    format!("container {} did not end after SIGKILL; `rm -f` ends its shims too", self.id().short());
                Err(Fault::internal(text))
            }
        }
    }
}
