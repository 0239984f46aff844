//! Naming and removing images.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use knarr_api::image::{DeleteItem, PruneResponse};
use knarr_engine::Engine;
use knarr_model::Fault;

use super::name;
use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;

/// `POST /images/NAME/tag`.
pub(super) fn tag(engine: &Engine, source: &str, query: &Query) -> Result<Response> {
    let target =
        name::of_query(query, "repo")?.ok_or_else(|| Fault::invalid("invalid reference format: repo is empty"))?;
    engine.tag_image(source, &target)?;
    Ok(StatusCode::CREATED.into_response())
}

/// `DELETE /images/NAME`.
pub(super) async fn delete(
    State(engine): Daemon,
    Path(path): Path<String>,
    query: Query,
) -> Result<Json<Vec<DeleteItem>>> {
    Ok(Json(engine.remove_image(&path, query.flag("force"), !query.flag("noprune")).await?))
}

/// `POST /images/prune`.
pub(super) async fn prune(State(engine): Daemon, query: Query) -> Result<Json<PruneResponse>> {
    Ok(Json(engine.prune_images(query.filters()?).await?))
}
