//! The tar format: reading members strictly, writing them deterministically.
//!
//! ```text
//! member = [global 'g' header + records] [PAX 'x' header + records] [GNU 'L'/'K' long names] header, content, padding
//! archive = member*, two blocks of zeros, whatever follows
//! ```
//!
//! One reading of each archive: a header that two readers could understand differently (a bad checksum, two sources for one
//! name, a size for a folder, a `size` record that contradicts its header) is refused. Names and records are limited to
//! [`METADATA_LIMIT`] bytes a member, and what is no member's content in all: a stream that inflates a thousandfold has nothing to go on with.

mod member;
mod number;
mod pax;
mod reader;
mod sparse;
mod writer;

pub use member::{Kind, Member, Segment};
pub use reader::Reader;
pub use writer::Writer;

/// Bytes of long names, PAX records and sparse maps that one member may have.
pub const METADATA_LIMIT: u64 = 1 << 20;

/// Bytes of all PAX records and long names of one archive.
const RECORDS_LIMIT: u64 = 1 << 30;

/// Bytes that may follow the archive's end: writers fill up their last record with zeros.
const PADDING_LIMIT: u64 = 16 << 20;

/// The unit of the format.
pub(crate) const BLOCK: usize = 512;
