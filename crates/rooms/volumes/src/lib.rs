//! Volumes: named folders that outlive their containers.
//!
//! [`Volumes`] is the room, [`Volume`] the record of one. A volume that is used first by a container whose image has files
//! at that place is filled with them ([`Volumes::fill`]).
//!
//! ```text
//! <data-root>/volumes/<name>/_data     what containers see
//!                            filling   there while the image's files are copied: what is in _data is not whole
//! meta.db: volumes  name → Volume
//! ```
//!
//! Invariants:
//! - Names match `[a-zA-Z0-9][a-zA-Z0-9_.-]+`: never a path.
//! - The record is made after the folder and goes before it: a crash leaves a folder without a record, which the next
//!   create or the next start takes away.
//! - What an image has at a path is found and copied below descriptors, so that no symlink in it leads to the host.
#![forbid(unsafe_code)]

mod copy;
mod error;
mod room;
mod volume;

pub use error::VolumeError;
pub use room::Volumes;
pub use volume::{NewVolume, Volume};
