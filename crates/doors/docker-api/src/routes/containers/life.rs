//! The verbs that change a container's life.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use knarr_api::container::{PruneResponse, UpdateRequest, UpdateResponse};
use knarr_model::Fault;

use super::checkpoints;
use crate::body::Json;
use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;

/// What a verb without a result answers.
const DONE: StatusCode = StatusCode::NO_CONTENT;

/// `POST /containers/{id}/start`.
pub(super) async fn start(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    checkpoints::refuse_in(&query).await?;
    engine.start(&id).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/stop`.
pub(super) async fn stop(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    engine.stop(&id, query.number("t")?, query.text("signal")).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/restart`.
pub(super) async fn restart(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    engine.restart(&id, query.number("t")?, query.text("signal")).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/kill`.
pub(super) async fn kill(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    engine.kill(&id, query.text("signal")).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/pause`.
pub(super) async fn pause(State(engine): Daemon, Path(id): Path<String>) -> Result<StatusCode> {
    engine.pause(&id).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/unpause`.
pub(super) async fn unpause(State(engine): Daemon, Path(id): Path<String>) -> Result<StatusCode> {
    engine.unpause(&id).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/rename`.
pub(super) async fn rename(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    engine.rename(&id, query.text("name")).await?;
    Ok(DONE)
}

/// `POST /containers/{id}/resize`.
pub(super) async fn resize(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    let (rows, columns) = (query.number("h")?.unwrap_or_default(), query.number("w")?.unwrap_or_default());
    engine.resize(&id, rows, columns).await?;
    Ok(StatusCode::OK)
}

/// `POST /containers/{id}/update`.
pub(super) async fn update(
    State(engine): Daemon,
    Path(id): Path<String>,
    Json(request): Json<UpdateRequest>,
) -> Result<Response> {
    engine.update(&id, request).await?;
    Ok(axum::Json(UpdateResponse::default()).into_response())
}

/// `DELETE /containers/{id}`.
pub(super) async fn remove(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    if query.flag("link") {
        return Err(Fault::invalid(format!("cannot remove link {id}: links are not supported")).into());
    }
    engine.remove(&id, query.flag("force"), query.flag("v")).await?;
    Ok(DONE)
}

/// `POST /containers/prune`.
pub(super) async fn prune(State(engine): Daemon, query: Query) -> Result<axum::Json<PruneResponse>> {
    Ok(axum::Json(engine.prune_containers(&query.filters()?).await?))
}
