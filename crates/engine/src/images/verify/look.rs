//! Reading all that images need.

use std::collections::HashSet;

use knarr_images::Needs;
use knarr_layers::Health;
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Result};

use super::{Flaw, Thing};
use crate::Engine;

/// What was read, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) images: usize,
    pub(super) blobs: usize,
    pub(super) layers: usize,
    /// Layers of which nothing can be said.
    pub(super) unknown: Vec<Digest>,
    pub(super) flaws: Vec<Flaw>,
    seen: HashSet<Thing>,
}

impl Found {
    fn flaw(&mut self, image: &Digest, thing: Thing, problem: String) {
        self.flaws.push(Flaw { image: image.clone(), thing, problem });
    }
}

impl Engine {
    /// Reads everything that these images need, each blob and layer once. Waits for the disk.
    pub(super) fn look(&self, images: &[Digest]) -> Result<Found> {
        let mut found = Found { images: images.len(), ..Found::default() };
        for needs in self.images.needs()?.iter().filter(|needs| images.contains(&needs.image.id)) {
            self.look_at_blobs(needs, &mut found);
            for (chain, diff_id) in needs.layers.iter().zip(&needs.image.config().rootfs.diff_ids) {
                if found.seen.insert(Thing::Layer(chain.clone())) {
                    self.look_at_layer(&needs.image.id, chain, diff_id, &mut found)?;
                }
            }
        }
        Ok(found)
    }

    fn look_at_blobs(&self, needs: &Needs, found: &mut Found) {
        for digest in &needs.blobs {
            if found.seen.insert(Thing::Blob(digest.clone())) {
                found.blobs += 1;
                if let Some(problem) = self.content.verify(digest) {
                    found.flaw(&needs.image.id, Thing::Blob(digest.clone()), problem);
                }
            }
        }
    }

    fn look_at_layer(&self, image: &Digest, chain: &Digest, diff_id: &Digest, found: &mut Found) -> Result<()> {
        found.layers += 1;
        let thing = Thing::Layer(chain.clone());
        let Some(layer) = self.layers.get(chain) else {
            found.flaw(image, thing, "it is gone".to_owned());
            return Ok(());
        };
        // One that is damaged itself says nothing about the files.
        let archive = self.images.blob(diff_id)?.filter(|blob| self.content.verify(&blob.digest).is_none());
        let archive = archive.map(|blob| self.content.open(&blob.digest)).transpose()?;
        match self.layers.verify(&layer, archive)? {
            Health::Whole => {}
            Health::Damaged(problem) => found.flaw(image, thing, problem),
            Health::Unknown => found.unknown.push(chain.clone()),
        }
        Ok(())
    }
}
