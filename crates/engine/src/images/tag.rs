//! `tag`.

use knarr_model::{Reference, Result};

use crate::Engine;

impl Engine {
    /// Gives the image that `name` means the further name `target`.
    pub fn tag_image(&self, name: &str, target: &Reference) -> Result<()> {
        let image = self.images.resolve(name)?;
        self.images.tag(&image.id, std::slice::from_ref(target))?;
        self.image_event("tag", &image.id, target.familiar());
        Ok(())
    }
}
