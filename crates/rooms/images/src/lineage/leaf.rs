//! What the tree needs to know of an image: a small part of its record, so that a thousand are read in a few milliseconds.

use std::collections::BTreeMap;

use knarr_model::oci::{Descriptor, RootFs};
use knarr_model::{Digest, Reference};
use serde::Deserialize;

use super::Claim;
use crate::error::Result;
use crate::tables::{self, IMAGES, Tables};

/// One image, as the tree sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The digest of its config.
    pub id: Digest,
    /// Its tags, in order.
    pub tags: Vec<Reference>,
    /// The digests it was pulled or pushed under, in order.
    pub digests: Vec<Reference>,
    /// RFC 3339, as its config says.
    pub created: Option<String>,
    /// Its layers, the lowest first.
    pub diff_ids: Vec<Digest>,
    /// The digest of its manifest, where one is known.
    pub manifest: Option<Digest>,
    /// The image it was built or committed on here.
    pub parent: Option<Digest>,
    /// What others say it was made from.
    pub claims: Vec<Claim>,
    /// Bytes of all its layers.
    pub size: u64,
}

impl Leaf {
    /// Whether nothing names it.
    pub fn nameless(&self) -> bool {
        self.tags.is_empty() && self.digests.is_empty()
    }

    /// The digests that mean it: of its config, its manifest, and of what it was pulled or pushed as.
    pub(super) fn meaning(&self) -> impl Iterator<Item = &Digest> {
        [&self.id].into_iter().chain(&self.manifest).chain(self.digests.iter().filter_map(|name| name.digest()))
    }
}

/// The members of a [`Record`](crate::Record) that are wanted; the rest is skipped, not read.
#[derive(Deserialize)]
struct Row {
    config: Config,
    manifest: Option<Descriptor>,
    parent: Option<Digest>,
    #[serde(default)]
    claims: Vec<Claim>,
    size: u64,
}

#[derive(Deserialize)]
struct Config {
    created: Option<String>,
    rootfs: RootFs,
}

/// All images, by id.
pub(super) fn leaves(tx: &impl Tables) -> Result<BTreeMap<Digest, Leaf>> {
    let rows = tx.records::<Row>(IMAGES)?;
    let mut leaves: BTreeMap<Digest, Leaf> = rows.into_iter().filter_map(|(key, row)| leaf(&key, row)).collect();
    for (reference, id) in tables::references(tx)? {
        if let Some(leaf) = leaves.get_mut(&id) {
            let names = if reference.digest().is_some() { &mut leaf.digests } else { &mut leaf.tags };
            names.push(reference);
        }
    }
    Ok(leaves)
}

fn leaf(key: &str, row: Row) -> Option<(Digest, Leaf)> {
    let id: Digest = key.parse().ok()?;
    let leaf = Leaf {
        id: id.clone(),
        tags: Vec::new(),
        digests: Vec::new(),
        created: row.config.created,
        diff_ids: row.config.rootfs.diff_ids,
        manifest: row.manifest.map(|manifest| manifest.digest),
        parent: row.parent,
        claims: row.claims,
        size: row.size,
    };
    Some((id, leaf))
}
