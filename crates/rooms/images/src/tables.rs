//! The tables, and reading them in any transaction.

use std::collections::BTreeMap;

use knarr_model::{Digest, Reference};
use knarr_store::{Read, StoreError, Write};
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::image::{Image, Record};

pub(crate) const IMAGES: &str = "images";
pub(crate) const REFERENCES: &str = "references";
pub(crate) const BLOBS: &str = "blobs";
pub(crate) const MANIFESTS: &str = "manifests";

/// A transaction of either kind.
pub(crate) trait Tables {
    fn record<T: DeserializeOwned>(&self, table: &'static str, key: &str) -> Result<Option<T>, StoreError>;
    fn records<T: DeserializeOwned>(&self, table: &'static str) -> Result<Vec<(String, T)>, StoreError>;
}

impl Tables for Read {
    fn record<T: DeserializeOwned>(&self, table: &'static str, key: &str) -> Result<Option<T>, StoreError> {
        self.get(table, key)
    }

    fn records<T: DeserializeOwned>(&self, table: &'static str) -> Result<Vec<(String, T)>, StoreError> {
        self.list(table)
    }
}

impl Tables for Write {
    fn record<T: DeserializeOwned>(&self, table: &'static str, key: &str) -> Result<Option<T>, StoreError> {
        self.get(table, key)
    }

    fn records<T: DeserializeOwned>(&self, table: &'static str) -> Result<Vec<(String, T)>, StoreError> {
        self.list(table)
    }
}

/// All names and the images they mean.
pub(crate) fn references(tx: &impl Tables) -> Result<Vec<(Reference, Digest)>> {
    let rows = tx.records::<Digest>(REFERENCES)?;
    Ok(rows.into_iter().filter_map(|(key, id)| Some((key.parse().ok()?, id))).collect())
}

/// All images with their names, by id.
pub(crate) fn images(tx: &impl Tables) -> Result<BTreeMap<Digest, Image>> {
    let mut images = BTreeMap::new();
    for (key, record) in tx.records::<Record>(IMAGES)? {
        if let Ok(id) = key.parse::<Digest>() {
            images.insert(id.clone(), Image { id, record, tags: Vec::new(), digests: Vec::new() });
        }
    }
    for (reference, id) in references(tx)? {
        if let Some(image) = images.get_mut(&id) {
            let names = if reference.digest().is_some() { &mut image.digests } else { &mut image.tags };
            names.push(reference);
        }
    }
    Ok(images)
}

/// One image with its names.
pub(crate) fn image(tx: &impl Tables, id: &Digest) -> Result<Image> {
    let missing = || Error::NotFound(id.to_string());
    let record = tx.record::<Record>(IMAGES, id.as_str())?.ok_or_else(missing)?;
    let own = references(tx)?.into_iter().filter(|(_, image)| image == id).map(|(reference, _)| reference);
    let (digests, tags) = own.partition(|reference: &Reference| reference.digest().is_some());
    Ok(Image { id: id.clone(), record, tags, digests })
}
