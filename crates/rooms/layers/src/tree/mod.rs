//! Trees on disk: archives of them, what changed in them, and stacks of them as one.

use std::path::Path;

use knarr_sys::path::DEPTH;

use crate::error::{Error, Result};

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

/// Refuses a folder that is too deep to walk on: containers make them as deep as they like.
fn shallow(path: &Path) -> Result<()> {
    if path.components().count() <= DEPTH {
        return Ok(());
    }
    Err(Error::Limit { reason: format!("folders are more than {DEPTH} deep in each other") })
}
