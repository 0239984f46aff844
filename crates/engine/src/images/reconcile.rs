//! A daemon comes back: what lies in the store is compared with what is recorded.
//!
//! ```text
//! on the disk                                  then
//! an unfinished layer, ingest without a key    removed when the rooms open
//! a layer whose record or files are damaged    moved to quarantine when the room opens, and said
//! a layer or blob that nothing needs           removed when it is a day old: until then a cut pull may be taken up again
//! missing, but an image needs it               said, with the remedy
//! a database that had to be restored           said; nothing is removed, for what is recorded is older than what is here
//! ```

use std::collections::{BTreeSet, HashSet};

use knarr_model::{Digest, Result};
use knarr_store::Restored;

use super::sweep::Candidates;
use crate::Engine;

impl Engine {
    /// Removes what nobody takes up again, and says what is missing. Waits for the disk.
    pub(crate) fn reconcile_store(&self) -> Result<()> {
        for damaged in self.layers.damaged() {
            let (layer, moved_to) = (&damaged.chain, damaged.moved_to.display());
            tracing::warn!(%layer, reason = damaged.reason, "a damaged layer was moved to {moved_to}");
        }
        match self.store.restored() {
            Some(restored) => say_restored(restored),
            None => self.sweep_old()?,
        }
        self.say_what_is_missing()
    }

    fn sweep_old(&self) -> Result<()> {
        crate::build::tidy(self)?;
        let swept = self.sweep(Candidates::old(self)?)?;
        if swept.bytes > 0 {
            tracing::info!(bytes = swept.bytes, "removed what work that was cut off had left");
        }
        Ok(())
    }

    fn say_what_is_missing(&self) -> Result<()> {
        let blobs: HashSet<Digest> = self.content.list()?.into_iter().map(|(digest, _)| digest).collect();
        for needs in self.images.needs()? {
            let layers = needs.layers.iter().filter(|layer| !self.layers.is_here(layer));
            let missing: BTreeSet<_> = layers.chain(needs.blobs.iter().filter(|blob| !blobs.contains(*blob))).collect();
            if let Some(first) = missing.first() {
                let name = needs.image.tags.first().map_or_else(|| needs.image.id.to_string(), |name| name.familiar());
                let count = missing.len();
                tracing::warn!(
                    image = name,
                    "{count} of its layers and blobs are not here, among them {first}: run `knarr image verify --repair {name}`"
                );
            }
        }
        Ok(())
    }
}

fn say_restored(restored: &Restored) {
    let moved_to = restored.moved_to.as_ref().map_or_else(String::new, |path| format!(", moved to {}", path.display()));
    let instead = if restored.from_copy { "its copy of the last start" } else { "an empty one, for there was no copy" };
    let reason = &restored.reason;
    tracing::error!(
        reason,
        "meta.db was damaged{moved_to}; the daemon goes on with {instead}: what was recorded since is not known"
    );
}
