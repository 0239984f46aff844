//! `tag`.

use knarr_model::{Reference, Result};
use knarr_sys::failpoint;

use crate::Engine;

impl Engine {
    /// Gives the image that `name` means the further name `target`.
    pub fn tag_image(&self, name: &str, target: &Reference) -> Result<()> {
        let image = self.images.resolve(name)?;
        self.images.tag(&image.id, std::slice::from_ref(target))?;
        failpoint!("store.image-tagged");
        self.image_event("tag", &image.id, target.familiar());
        Ok(())
    }
}
