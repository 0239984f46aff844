//! `rm`.

use std::path::PathBuf;

use knarr_model::{ContainerId, Result};

use super::actor::Command;
use super::{MountSource, Record, launch};
use crate::Engine;

impl Engine {
    /// Removes a container: `force` kills it first, `volumes` takes its anonymous volumes too.
    pub async fn remove(&self, name: &str, force: bool, volumes: bool) -> Result<()> {
        self.containers.find(name)?.ask(|reply| Command::Remove { force, volumes, reply }).await
    }

    /// `containers/<id>`.
    pub(crate) fn container_dir(&self, id: &ContainerId) -> PathBuf {
        self.roots.data("containers").join(id.as_str())
    }

    /// Removes a container's files. What cannot be removed stays for the next daemon, which finds no record of it.
    pub(crate) fn remove_files(&self, record: &Record) {
        if let Err(error) = launch::remove_tree(&self.container_dir(&record.id)) {
            tracing::warn!(container.id = %record.id, %error, "cannot remove a container's files");
        }
    }

    /// Removes the volumes that were made for this container alone.
    pub(crate) fn remove_anonymous_volumes(&self, record: &Record) {
        for mount in record.mounts.iter() {
            let MountSource::Volume { name, anonymous: true, .. } = &mount.source else { continue };
            if let Err(error) = self.volumes.remove(name, &[]) {
                tracing::warn!(volume = %name, %error, "cannot remove an anonymous volume");
            }
        }
    }
}
