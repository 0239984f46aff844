//! Trees on disk: archives of them, and what changed in them.

mod changes;
mod lowers;
mod pack;

pub use changes::{Change, ChangeKind, changes};
pub use pack::{diff, export, pack};

pub(crate) use lowers::lookup;
