//! Checkpoints: known, and refused. What a container may do comes from a live request alone, never from an archive (flaw row 18).

use knarr_model::Fault;

use crate::error::Result;
use crate::query::Query;

/// `/containers/{id}/checkpoints` and what is below.
pub(super) async fn refuse() -> Result<()> {
    Err(Fault::invalid("containers are not checkpointed and restored: start the container without a checkpoint").into())
}

/// Refuses a start that names a checkpoint.
pub(super) async fn refuse_in(query: &Query) -> Result<()> {
    let named = ["checkpoint", "checkpoint-dir"].into_iter().any(|key| !query.text(key).is_empty());
    if named { refuse().await } else { Ok(()) }
}
