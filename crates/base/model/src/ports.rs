//! Ports: the traits through which rooms meet. The engine plugs one room's implementation into another room.

use std::fs::File;

use crate::{Digest, Result};

/// Immutable content by digest. Implemented by the content room; used by transfer, layers, images, registry.
pub trait Content: Send + Sync {
    /// Size in bytes of a committed blob, none where it is not here.
    fn size(&self, digest: &Digest) -> Result<Option<u64>>;

    /// Opens a committed blob for reading; [`crate::Kind::NotFound`] where it is not here.
    fn open(&self, digest: &Digest) -> Result<File>;

    /// Reads a whole small blob (a manifest, a config), refused over `limit` bytes; hashed again before it is returned.
    fn read(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>>;

    /// Starts, or takes up again, writing content under `key` (for pulls the digest's text, for uploads a random id).
    /// One writer a key: a second one is refused with [`crate::Kind::Conflict`].
    fn ingest(&self, key: &str) -> Result<Box<dyn Ingest>>;

    /// Starts writing content that is made anew each time: nothing of an earlier writer is taken up, and nothing stays of one that does not
    /// commit. `what` names it in errors.
    fn begin(&self, what: &str) -> Result<Box<dyn Ingest>>;
}

/// Content that is being written: invisible until committed. Dropping it keeps the bytes for a resume.
pub trait Ingest: Send {
    /// Bytes that are there already (a resumed ingest starts behind them).
    fn offset(&self) -> u64;

    /// Appends bytes.
    fn write(&mut self, data: &[u8]) -> Result<()>;

    /// Verifies digest (and size where given), syncs, renames, syncs the folder. A mismatch is [`crate::Kind::Invalid`] and
    /// removes what was written. Where `expected` is none the digest found is returned.
    fn commit(self: Box<Self>, expected: Option<&Digest>, size: Option<u64>) -> Result<Digest>;

    /// Throws away what was written.
    fn abort(self: Box<Self>) -> Result<()>;
}
