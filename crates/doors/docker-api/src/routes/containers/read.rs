//! Lists, inspect, top.

use axum::Json;
use axum::extract::{Path, State};
use knarr_api::container::{Inspect, Summary, TopResponse};
use knarr_engine::ListOptions;

use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;

/// `GET /containers/json`.
pub(super) async fn list(State(engine): Daemon, query: Query) -> Result<Json<Vec<Summary>>> {
    let limit = query.number::<i64>("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let options = ListOptions { all: query.flag("all"), limit, size: query.flag("size"), filters: query.filters()? };
    Ok(Json(engine.list(&options).await?))
}

/// `GET /containers/{id}/json`.
pub(super) async fn inspect(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<Json<Inspect>> {
    Ok(Json(engine.inspect(&id, query.flag("size")).await?))
}

/// `GET /containers/{id}/top`.
pub(super) async fn top(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<Json<TopResponse>> {
    Ok(Json(engine.top(&id, query.text("ps_args")).await?))
}
