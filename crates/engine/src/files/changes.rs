//! `diff`: what a container changed of its image.

use std::sync::Arc;

use knarr_layers::{Change, changes};
use knarr_model::Result;

use crate::Engine;
use crate::images::blocking;

impl Engine {
    /// The paths that differ from the image, in order.
    pub async fn changes(self: &Arc<Self>, name: &str) -> Result<Vec<Change>> {
        let record = self.containers.find(name)?.view();
        let snapshot = self.snapshot(&record)?;
        blocking(move || match &snapshot.upper {
            Some((upper, _)) => Ok(changes(upper, &snapshot.lowers)?),
            None => Ok(Vec::new()),
        })
        .await
    }
}
