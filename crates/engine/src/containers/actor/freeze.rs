//! Pause and unpause: the freezer of the container's cgroup.

use knarr_model::{Fault, Result};

use super::Actor;
use crate::containers::{Status, launch};
use crate::engine::blocking;

impl Actor {
    pub(super) async fn pause(&mut self) -> Result<()> {
        let id = &self.record.id;
        match self.record.state.status {
            Status::Running => {}
            Status::Paused => return Err(Fault::conflict(format!("Container {id} is already paused"))),
            Status::Restarting => {
                return Err(Fault::conflict(format!(
                    "Container {id} is restarting, wait until the container is running"
                )));
            }
            _ => return Err(Fault::conflict(format!("container {id} is not running"))),
        }
        self.freeze(true).await?;
        self.change_status(Status::Paused, "paused by request", "pause").await
    }

    pub(super) async fn unpause(&mut self) -> Result<()> {
        if self.record.state.status != Status::Paused {
            return Err(Fault::conflict(format!("Container {} is not paused", self.record.id)));
        }
        self.freeze(false).await?;
        self.change_status(Status::Running, "unpaused by request", "unpause").await
    }

    async fn freeze(&self, on: bool) -> Result<()> {
        let cgroup = launch::cgroup_path(&self.engine.config, &self.record);
        blocking(move || {
            let cgroup = knarr_cgroups::Cgroup::open(&cgroup)?;
            if on {
                cgroup.freeze()?
            } else {
                cgroup.thaw()?
            }
            Ok(())
        })
        .await
    }

    async fn change_status(&mut self, status: Status, cause: &str, action: &str) -> Result<()> {
        self.record.state.status = status;
        self.record.state.cause = cause.to_owned();
        self.commit().await?;
        self.tell(self.event(action));
        Ok(())
    }
}
