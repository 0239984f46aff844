//! Which blobs may have chunks of a layer that is about to be pulled.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use knarr_images::Image;
use knarr_model::{Digest, Reference};
use knarr_transfer::Similar;

use crate::Engine;

/// Blobs looked through.
const MOST: usize = 64;

impl Engine {
    /// The layers of images of the same repository, then of others, the youngest first.
    pub(super) fn similar(self: &Arc<Self>, wanted: &Reference) -> Similar {
        let (engine, repository) = (Arc::clone(self), wanted.repository().to_string());
        Similar::new(move || {
            let near =
                |image: &Image| image.tags.iter().chain(&image.digests).any(|name| name.repository() == repository);
            // Without a list there is nothing similar.
            let mut images = engine.images.list().unwrap_or_default();
            images.sort_by_cached_key(|image| Reverse((near(image), image.record.last_tagged.clone())));
            let mut seen = HashSet::new();
            let blobs = images.iter().flat_map(|image| engine.layers_of(image));
            blobs.filter(|blob: &Digest| seen.insert(blob.clone())).take(MOST).collect()
        })
    }
}
