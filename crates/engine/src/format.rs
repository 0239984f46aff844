//! The number of the data root's format (docs/formats/roots.md), which an older daemon must not touch when it is higher.

use knarr_model::{Fault, Result};
use knarr_store::{Store, StoreError};

/// What this version writes, and the highest that it reads.
const FORMAT: u32 = 1;

/// Notes the format in a new root; refuses that of a newer version.
pub(crate) fn check(store: &Store) -> Result<()> {
    let known = store.write::<_, StoreError>(|tx| {
        let known = tx.get::<u32>("daemon", "format")?;
        if known.is_none() {
            tx.put("daemon", "format", &FORMAT)?;
        }
        Ok(known)
    })?;
    match known {
        Some(newer) if newer > FORMAT => Err(Fault::conflict(format!(
            "the data root was written by a newer knarr (format {newer}, this one knows {FORMAT}); start that one or choose another --data-root"
        ))),
        _ => Ok(()),
    }
}
