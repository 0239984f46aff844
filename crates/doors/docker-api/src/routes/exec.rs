//! `/exec` and `/containers/{id}/exec`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use knarr_api::exec::{CreateRequest, CreateResponse, Inspect, StartRequest};
use knarr_engine::Engine;

use super::Daemon;
use crate::body::Json;
use crate::error::Result;
use crate::hijack::Hijack;
use crate::query::Query;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/containers/{id}/exec", post(create))
        .route("/exec/{id}/start", post(start))
        .route("/exec/{id}/resize", post(resize))
        .route("/exec/{id}/json", get(inspect))
}

/// `POST /containers/{id}/exec`.
async fn create(State(engine): Daemon, Path(id): Path<String>, Json(request): Json<CreateRequest>) -> Result<Response> {
    let id = engine.create_exec(&id, request)?;
    Ok((StatusCode::CREATED, axum::Json(CreateResponse { id })).into_response())
}

/// `POST /exec/{id}/start`.
async fn start(
    State(engine): Daemon,
    Path(id): Path<String>,
    hijack: Hijack,
    Json(request): Json<StartRequest>,
) -> Result<Response> {
    if request.detach {
        engine.start_exec_detached(&id, &request).await?;
        return Ok(StatusCode::OK.into_response());
    }
    let stream = engine.start_exec(&id, &request).await?;
    let response = hijack.response(stream.multiplexed());
    tokio::spawn(async move {
        match hijack.connection().await {
            Ok(connection) => stream.run(connection).await,
            Err(error) => tracing::debug!(error = %error.full(), "a client went before it was attached"),
        }
    });
    Ok(response)
}

/// `POST /exec/{id}/resize`.
async fn resize(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<StatusCode> {
    let (rows, columns) = (query.number("h")?.unwrap_or_default(), query.number("w")?.unwrap_or_default());
    engine.resize_exec(&id, rows, columns).await?;
    Ok(StatusCode::OK)
}

/// `GET /exec/{id}/json`.
async fn inspect(State(engine): Daemon, Path(id): Path<String>) -> Result<axum::Json<Inspect>> {
    Ok(axum::Json(engine.inspect_exec(&id)?))
}
