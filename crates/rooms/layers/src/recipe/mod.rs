//! How an archive that others wrote is written again from the layer that was unpacked from it: all of its bytes but the
//! files' contents, which the layer has.
//!
//! ```text
//! zstd stream of records, each a tag, then numbers in little endian
//!   0  length u32, bytes          bytes of the archive
//!   1  length u16, path, size u64 the content of that file of the layer
//! ```

mod record;
mod replay;

pub(crate) use record::{Recorded, Recorder};
pub(crate) use replay::replay;

/// Its name in a layer's folder.
pub(crate) const FILE: &str = "archive.zst";

/// Tag of bytes.
const BYTES: u8 = 0;
/// Tag of a file's content.
const CONTENT: u8 = 1;
/// Most bytes of one record.
const MOST: usize = 64 << 10;
