//! The one unpacker: an archive's members are put below a root, whoever sent them.
//!
//! Names are never trusted: a `..` component is refused, parents are resolved by the kernel inside the root
//! ([`knarr_sys::path::Root`]), the last name is never followed, hard links stay inside. Attributes are set through a pinned
//! descriptor in the one order that works: owner, mode, extended attributes, times; a folder's times last of all.
//!
//! Into an overlay layer ([`Whiteouts::Overlay`]) an image layer's whiteouts become what overlayfs understands; they concern
//! lower layers only, wherever in the archive they stand. Onto a live folder ([`Whiteouts::Plain`]) they are ordinary files.

mod attributes;
mod files;
mod name;
mod overlay;
mod unpacker;

pub use attributes::Attributes;
pub use unpacker::{Inherit, Limits, Options, Unpacked, Whiteouts, unpack};

pub(crate) use overlay::{is_opaque, is_whiteout};
pub(crate) use unpacker::unpack_recorded;
