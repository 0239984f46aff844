//! Blobs that may have the same chunks as one that is wanted.

use std::fmt;
use std::sync::Arc;

use knarr_model::Digest;

type Ask = Arc<dyn Fn() -> Vec<Digest> + Send + Sync>;

/// Which blobs of the content store to look through, the likeliest first; asked on a blocking thread, and only where it may help.
/// By default none.
#[derive(Clone, Default)]
pub struct Similar(Option<Ask>);

impl Similar {
    /// Asks `ask`.
    pub fn new(ask: impl Fn() -> Vec<Digest> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(ask)))
    }

    pub(super) fn ask(&self) -> Vec<Digest> {
        self.0.as_ref().map(|ask| ask()).unwrap_or_default()
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Similar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Similar").field(&self.0.is_some()).finish()
    }
}
