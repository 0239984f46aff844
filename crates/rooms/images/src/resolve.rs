//! From what people write to an image.

use knarr_model::{Digest, Reference};

use crate::error::{Error, Result};
use crate::image::Image;
use crate::images::Images;
use crate::tables::{self, IMAGES, REFERENCES, Tables};

impl Images {
    /// The image that `text` means: a tag, a digest, an id or the beginning of one (with or without `sha256:`). A name wins
    /// over the beginning of an id.
    pub fn resolve(&self, text: &str) -> Result<Image> {
        self.store.read(|tx| {
            let id = resolve(tx, text)?;
            tables::image(tx, &id)
        })
    }
}

/// The id of the image that `text` means.
pub(crate) fn resolve(tx: &impl Tables, text: &str) -> Result<Digest> {
    let reference = text.parse::<Reference>().ok();
    if let Some(id) = reference.map(|reference| by_name(tx, &reference)).transpose()?.flatten() {
        return Ok(id);
    }
    by_prefix(tx, text)?.ok_or_else(|| missing(text))
}

/// By tag or digest. A tag beside a digest is only a remark.
fn by_name(tx: &impl Tables, reference: &Reference) -> Result<Option<Digest>> {
    let key = match reference.digest() {
        Some(digest) => reference.with_digest(digest.clone()).to_string(),
        None => reference.to_string(),
    };
    Ok(tx.record(REFERENCES, &key)?)
}

/// By the beginning of an id, at least one digit; a whole digest may also be a manifest's.
fn by_prefix(tx: &impl Tables, text: &str) -> Result<Option<Digest>> {
    let Some(digits) = hex_digits(text) else { return Ok(None) };
    let images = tx.records::<crate::Record>(IMAGES)?;
    let id = |key: &str| key.parse::<Digest>().ok();
    let begins: Vec<_> =
        images.iter().filter_map(|(key, _)| id(key)).filter(|id| id.hex().starts_with(digits)).collect();
    if begins.len() > 1 {
        return Err(Error::Ambiguous { prefix: text.to_owned(), count: begins.len() });
    }
    let by_manifest = || {
        let has = |record: &crate::Record| record.manifest.as_ref().is_some_and(|m| m.digest.hex() == digits);
        images.iter().find(|(_, record)| has(record)).and_then(|(key, _)| id(key))
    };
    Ok(begins.into_iter().next().or_else(by_manifest))
}

/// The digits of an id's beginning; none where `text` is not one.
pub(crate) fn hex_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    (!digits.is_empty() && digits.len() <= 64 && digits.bytes().all(hex)).then_some(digits)
}

/// Docker names the tag that it looked for.
fn missing(text: &str) -> Error {
    let familiar = text.parse::<Reference>().map(|reference| reference.familiar());
    Error::NotFound(familiar.unwrap_or_else(|_| text.chars().take(300).collect()))
}
