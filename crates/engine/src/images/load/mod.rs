//! `load`: images from an archive that `save` wrote, Docker's or an OCI layout.
//!
//! The archive is one file, the client's own where it lies on this machine, else a nameless one; what its documents name is looked up in an index of its members, and must be a
//! regular file. Every digest is verified before anything is recorded, and all layers of an image appear together, after one
//! sync of the disk.

mod docker;
mod files;
mod layer;
mod layout;
mod section;
mod taking;

use std::sync::Arc;

use knarr_model::{Digest, Fault, Reference, Result};
use knarr_sys::failpoint;

pub use self::files::Archive;
use self::files::Files;
use super::blocking;
use crate::Engine;
use crate::scratch::Scratch;

/// An image that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its id.
    pub id: Digest,
    /// The names it came with.
    pub names: Vec<Reference>,
}

impl Engine {
    /// Loads all images of an archive, plain or compressed.
    pub async fn load_images(self: &Arc<Self>, archive: Archive) -> Result<Vec<Loaded>> {
        let engine = self.clone();
        blocking(move || engine.leased(|| engine.load(archive))).await
    }

    fn load(&self, archive: Archive) -> Result<Vec<Loaded>> {
        let scratch = Scratch::new(&self.roots)?;
        let files = Files::of(archive, scratch.path())?;
        failpoint!("store.archive-kept", io).map_err(|e| Fault::io("keep the archive", e))?;
        let loaded = if files.has("manifest.json") {
            self.load_docker(&files)?
        } else if files.has("index.json") {
            self.load_layout(&files)?
        } else {
            let text = "the archive has neither manifest.json nor index.json: it is no image archive (for the files of a container use import)";
            return Err(Fault::invalid(text));
        };
        for image in &loaded {
            let name = image.names.first().map_or_else(|| image.id.to_string(), Reference::familiar);
            self.image_event("load", &image.id, name);
        }
        Ok(loaded)
    }
}
