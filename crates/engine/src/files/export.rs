//! `export`: all files of a container, its volumes left out.

use std::io::Write;

use knarr_model::{Result, Snapshot};
use knarr_sys::path::Root;

use super::view::read_only;
use crate::images::{Lease, blocking};
use crate::{Engine, Event};

/// A container that is about to be exported.
pub struct Export {
    view: Snapshot,
    _lease: Lease,
}

impl Engine {
    /// Looks a container up.
    pub fn export(&self, name: &str) -> Result<Export> {
        let record = self.containers.find(name)?.view();
        let lease = self.lease();
        let view = read_only(&self.snapshot(&record)?);
        let event = Event::new("container", "export", record.id.to_string()).with_all(&record.attributes());
        self.events.publish(event);
        Ok(Export { view, _lease: lease })
    }
}

impl Export {
    /// Writes the archive.
    pub async fn write(self, out: impl Write + Send + 'static) -> Result<()> {
        blocking(move || {
            let root = Root::from_fd(knarr_mounts::overlay(&self.view)?);
            Ok(knarr_layers::export(&root, out).map(drop)?)
        })
        .await
    }
}
