//! Work in progress on images.

use crate::Engine;

/// As long as it is held, no blob and no layer that was made or looked up since it began is collected. Pull, build, load,
/// import, commit and the creation of containers hold one until their result is recorded.
pub(crate) struct Lease {
    _content: knarr_content::Lease,
    _layers: knarr_layers::Lease,
}

impl Engine {
    /// Begins work on images.
    pub(crate) fn lease(&self) -> Lease {
        Lease { _content: self.content.lease(), _layers: self.layers.lease() }
    }
}
