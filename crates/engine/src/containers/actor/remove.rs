//! Removal. The record and the name go in one transaction; from then on the container is gone, and what lies on the disk is
//! rubbish that this daemon, or the next one, takes away.

use knarr_model::{Fault, Result};
use knarr_sys::failpoint;
use tokio::time::Instant;

use super::{Actor, Intent, Reply};
use crate::containers::container::SHIM_PATIENCE;
use crate::containers::record::{NAMES, TABLE};
use crate::containers::{Status, launch, signal};
use crate::engine::blocking;

/// Who waits for the removal, and what goes with the container.
pub(super) struct Removal {
    volumes: bool,
    replies: Vec<Reply<()>>,
    /// When the container's shims are ended, because the kill has ended nothing.
    deadline: Option<Instant>,
}

impl Removal {
    fn new(volumes: bool) -> Self {
        Self { volumes, replies: Vec::new(), deadline: None }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl Actor {
    /// Whether the actor lives on.
    pub(super) async fn remove(&mut self, force: bool, volumes: bool, reply: Reply<()>) -> bool {
        let alive = self.record.state.status.alive();
        if !force && (alive || self.record.state.status == Status::Restarting) {
            let _ = reply.send(Err(self.still_alive()));
            return true;
        }
        let removal = self.removal.get_or_insert_with(|| Removal::new(false));
        removal.volumes |= volumes;
        removal.replies.push(reply);
        if !alive {
            return self.finish_removal().await;
        }
        removal.deadline.get_or_insert(Instant::now() + SHIM_PATIENCE);
        let (sender, _) = tokio::sync::oneshot::channel();
        self.signal(signal::KILL, Intent::Kill, sender).await;
        true
    }

    /// The kill has ended nothing: the container's own shim, or one of its sessions', does not take notice of the dead.
    /// With the shims everything ends.
    pub(super) async fn end_shims(&mut self) -> bool {
        if let Some(removal) = &mut self.removal {
            removal.deadline = None;
        }
        let id = self.record.id.clone();
        let _ = blocking(move || {
            launch::end_shims(&id);
            Ok(())
        })
        .await;
        true
    }

    fn still_alive(&self) -> Fault {
        let name = self.record.slashed();
        let text = match self.record.state.status {
            Status::Paused => "container is paused and must be unpaused first",
            Status::Restarting => "container is restarting: stop the container before removing or force remove",
            _ => "container is running: stop the container before removing or force remove",
        };
        Fault::conflict(format!("cannot remove container \"{name}\": {text}"))
    }

    /// Whether the actor lives on: only where the database refuses.
    pub(super) async fn finish_removal(&mut self) -> bool {
        // Of a container that removes itself, the anonymous volumes go too.
        let removal = self.removal.take().unwrap_or(Removal::new(true));
        self.restart.cancel();
        self.record.state.status = Status::Removing;
        let result = self.forget(removal.volumes).await;
        let gone = result.is_ok();
        match &result {
            Ok(()) => {
                self.engine.containers.remove(&self.record.id);
                self.tell(self.event("destroy"));
                self.container.publish_removed();
            }
            Err(error) => {
                self.record.state.status = Status::Dead;
                self.record.state.error = error.full();
                self.container.publish(std::sync::Arc::new(self.record.clone()));
            }
        }
        let text = result.as_ref().err().map(Fault::full);
        for reply in removal.replies {
            let answer = text.as_ref().map_or(Ok(()), |text| Err(Fault::internal(text.clone())));
            let _ = reply.send(answer);
        }
        !gone
    }

    async fn forget(&self, volumes: bool) -> Result<()> {
        let (engine, record) = (self.engine.clone(), self.record.clone());
        blocking(move || {
            launch::clean(&engine, &record);
            failpoint!("remove.cleaned");
            engine.store.write(|tx| {
                tx.delete(TABLE, record.id.as_str())?;
                tx.delete(NAMES, &record.name)?;
                Ok::<_, Fault>(())
            })?;
            failpoint!("remove.forgotten");
            engine.remove_files(&record);
            failpoint!("remove.files-gone");
            if volumes {
                engine.remove_anonymous_volumes(&record);
            }
            Ok(())
        })
        .await
    }
}
