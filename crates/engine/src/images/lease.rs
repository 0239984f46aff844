//! Work in progress on images.

use crate::Engine;

/// As long as it is held, no blob and no layer that was made or looked up since it began is collected. Pull, build, load,
/// import, commit and the creation of containers hold one until their result is recorded.
pub(crate) struct Lease {
    content: knarr_content::Lease,
    layers: knarr_layers::Lease,
}

impl Lease {
    /// Ends the work, which has failed: a sweep looks at what it made.
    pub(super) fn fail(self) {
        self.content.fail();
        self.layers.fail();
    }
}

impl Engine {
    /// Begins work on images.
    pub(crate) fn lease(&self) -> Lease {
        Lease { content: self.content.lease(), layers: self.layers.lease() }
    }
}
