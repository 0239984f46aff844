//! Which compressed blob a layer was pulled, or pushed, as.

use knarr_model::Digest;
use knarr_model::oci::Descriptor;

use crate::error::Result;
use crate::images::Images;
use crate::tables::{BLOBS, Tables as _};

impl Images {
    /// The compressed form of the layer `diff_id`, if one is known and still in the content store.
    pub fn blob(&self, diff_id: &Digest) -> Result<Option<Descriptor>> {
        let known = self.store.read(|tx| tx.record::<Descriptor>(BLOBS, diff_id.as_str()))?;
        Ok(known.filter(|blob| matches!(self.content.size(&blob.digest), Ok(Some(_)))))
    }

    /// Remembers compressed forms of layers, so that a push sends what was pulled or compressed before.
    pub fn remember_blobs(&self, blobs: &[(Digest, Descriptor)]) -> Result<()> {
        self.store.write(|tx| blobs.iter().try_for_each(|(diff_id, blob)| Ok(tx.put(BLOBS, diff_id.as_str(), blob)?)))
    }
}
