//! Names that a query gives in two parts.

use knarr_model::{Reference, Result};

use crate::query::Query;

/// The reference of the parameters `repository` and `tag`; none where the repository is empty.
pub(crate) fn of_query(query: &Query, repository: &str) -> Result<Option<Reference>> {
    let text = query.text(repository);
    if text.is_empty() {
        return Ok(None);
    }
    let reference: Reference = text.parse()?;
    Ok(Some(match query.text("tag") {
        "" => reference,
        tag => reference.with_tag(tag)?,
    }))
}
