//! Results of earlier builds, in the metadata database.
//!
//! ```text
//! build         <key>   → Record: the image behind the step, its parent, why it ran
//! build-traces  <slot>  → Seen: what the step looked like when it last ran, and the image behind it
//! ```
//!
//! The image of each kept result is recorded in the images room, so its layers stay as long as it does; when it is removed, the
//! result is none, and the next [`tidy`] forgets it.

use std::collections::HashSet;

use knarr_build::ports::{Cache, Record, Trace};
use knarr_images::Registration;
use knarr_model::{Digest, Fault, Result};
use knarr_store::Store;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::Engine;

const RECORDS: &str = "build";
const TRACES: &str = "build-traces";

impl Cache for Engine {
    fn get(&self, key: &Digest) -> Result<Option<Record>> {
        let Some(record) = self.store.read(|tx| tx.get::<Record>(RECORDS, key.as_str()))? else { return Ok(None) };
        let top = record.image.chain_ids().pop();
        let layers_here = top.is_none_or(|top| self.layers.get(&top).is_some());
        let image_here = self.images.get(&Digest::of(&encode(&record)?)).is_ok();
        if layers_here && image_here {
            return Ok(Some(record));
        }
        self.store.write(|tx| tx.delete(RECORDS, key.as_str()))?;
        Ok(None)
    }

    fn put(&self, key: &Digest, record: &Record) -> Result<()> {
        let size = self.layers.size(record.image.chain_ids().last())?;
        let config = encode(record)?;
        let parent = record.parent.clone();
        self.images.register(Registration { config, parent, size, ..Registration::default() })?;
        Ok(self.store.write(|tx| tx.put(RECORDS, key.as_str(), record))?)
    }

    fn trace(&self, slot: &Digest) -> Result<Option<Trace>> {
        let seen = self.store.read(|tx| tx.get::<Seen>(TRACES, slot.as_str()))?;
        Ok(seen.map(|seen| seen.trace))
    }

    fn put_trace(&self, slot: &Digest, trace: &Trace, image: &Digest) -> Result<()> {
        let now = Seen { image: image.clone(), trace: trace.clone() };
        let before = self.store.read(|tx| tx.get::<Seen>(TRACES, slot.as_str()))?;
        if before.as_ref() == Some(&now) {
            return Ok(());
        }
        Ok(self.store.write(|tx| tx.put(TRACES, slot.as_str(), &now))?)
    }
}

/// A trace, kept as long as the image behind its step.
#[derive(PartialEq, Serialize, Deserialize)]
struct Seen {
    image: Digest,
    #[serde(flatten)]
    trace: Trace,
}

fn encode(record: &Record) -> Result<Vec<u8>> {
    serde_json::to_vec(&record.image).map_err(|e| Fault::internal("cannot encode an image config").because(e))
}

/// Removes the results and traces whose images are gone.
pub(crate) fn tidy(engine: &Engine) -> Result<()> {
    let images: HashSet<Digest> = engine.images.list()?.into_iter().map(|image| image.id).collect();
    let stale = engine.store.read(|tx| {
        let mut stale = Vec::new();
        for (key, record) in tx.list::<Record>(RECORDS)? {
            if !images.contains(&Digest::of(&encode(&record)?)) {
                stale.push((RECORDS, key));
            }
        }
        let seen = tx.list::<Seen>(TRACES)?.into_iter();
        stale.extend(seen.filter(|(_, seen)| !images.contains(&seen.image)).map(|(slot, _)| (TRACES, slot)));
        Ok::<_, Fault>(stale)
    })?;
    if stale.is_empty() {
        return Ok(());
    }
    engine
        .store
        .write(|tx| stale.iter().try_for_each(|(table, key)| tx.delete(table, key).map(drop)).map_err(Fault::from))
}

/// Removes all results and traces; the keys of the results.
pub(super) fn forget(store: &Store) -> Result<Vec<String>> {
    store.write(|tx| {
        let keys: Vec<String> = tx.list::<IgnoredAny>(RECORDS)?.into_iter().map(|(key, _)| key).collect();
        keys.iter().try_for_each(|key| tx.delete(RECORDS, key).map(drop))?;
        for (slot, _) in tx.list::<IgnoredAny>(TRACES)? {
            tx.delete(TRACES, &slot)?;
        }
        Ok::<_, Fault>(keys)
    })
}
