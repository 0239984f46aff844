//! Results of earlier builds, in the metadata database.
//!
//! ```text
//! build         <key>   → Record: the image behind the step, its parent, why it ran
//! build-traces  <slot>  → Trace: what the step looked like when it last ran
//! ```
//!
//! The image of each kept result is recorded in the images room, so its layers stay as long as it does; when it is removed, the
//! result is none.

use knarr_build::ports::{Cache, Record, Trace};
use knarr_images::Registration;
use knarr_model::{Digest, Fault, Result};
use knarr_store::Store;
use serde::de::IgnoredAny;

use crate::Engine;

const RECORDS: &str = "build";
const TRACES: &str = "build-traces";

impl Cache for Engine {
    fn get(&self, key: &Digest) -> Result<Option<Record>> {
        let Some(record) = self.store.read(|tx| tx.get::<Record>(RECORDS, key.as_str()))? else { return Ok(None) };
        let top = record.image.chain_ids().pop();
        let layers_here = top.map(|top| self.layers.get(&top)).transpose()?.is_none_or(|layer| layer.is_some());
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
        self.images.register(Registration { config, manifest: None, parent, size, names: Vec::new() })?;
        Ok(self.store.write(|tx| tx.put(RECORDS, key.as_str(), record))?)
    }

    fn trace(&self, slot: &Digest) -> Result<Option<Trace>> {
        Ok(self.store.read(|tx| tx.get(TRACES, slot.as_str()))?)
    }

    fn put_trace(&self, slot: &Digest, trace: &Trace) -> Result<()> {
        if self.trace(slot)?.as_ref() == Some(trace) {
            return Ok(());
        }
        Ok(self.store.write(|tx| tx.put(TRACES, slot.as_str(), trace))?)
    }
}

fn encode(record: &Record) -> Result<Vec<u8>> {
    serde_json::to_vec(&record.image).map_err(|e| Fault::internal("cannot encode an image config").because(e))
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
