//! Trees on disk: archives of them, what changed in them, and stacks of them as one.

mod changes;
mod compare;
mod lowers;
mod merged;
mod pack;

pub use changes::{Change, ChangeKind, changes};
pub use compare::{Aspect, Difference};
pub use merged::{Hidden, Merged};
pub use pack::{diff, export, pack};

pub(crate) use lowers::lookup;
