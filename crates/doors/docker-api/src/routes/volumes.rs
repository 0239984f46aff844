//! `/volumes`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use knarr_api::volume::CreateRequest;
use knarr_engine::Engine;

use super::Daemon;
use crate::body::Json;
use crate::error::Result;
use crate::long_body::{Download, Upload};
use crate::query::Query;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/volumes", get(list))
        .route("/volumes/create", post(create))
        .route("/volumes/prune", post(prune))
        .route("/volumes/{name}", get(inspect).delete(remove))
        .route("/volumes/{name}/export", get(export))
        .route("/volumes/{name}/import", post(import))
}

/// `GET /volumes`.
async fn list(State(engine): Daemon, query: Query) -> Result<Response> {
    Ok(axum::Json(engine.list_volumes(&query.filters()?).await?).into_response())
}

/// `GET /volumes/NAME`.
async fn inspect(State(engine): Daemon, Path(name): Path<String>) -> Result<Response> {
    Ok(axum::Json(engine.inspect_volume(&name).await?).into_response())
}

/// `POST /volumes/create`.
async fn create(State(engine): Daemon, Json(request): Json<CreateRequest>) -> Result<Response> {
    Ok((StatusCode::CREATED, axum::Json(engine.create_volume(request).await?)).into_response())
}

/// `DELETE /volumes/NAME`.
async fn remove(State(engine): Daemon, Path(name): Path<String>, query: Query) -> Result<StatusCode> {
    engine.remove_volume(&name, query.flag("force")).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /volumes/prune`.
async fn prune(State(engine): Daemon, query: Query) -> Result<Response> {
    Ok(axum::Json(engine.prune_volumes(&query.filters()?).await?).into_response())
}

/// `GET /volumes/NAME/export`.
async fn export(State(engine): Daemon, Path(name): Path<String>) -> Result<Response> {
    let export = engine.export_volume(&name).await?;
    let body = Download::body(|download| export.write(download));
    Ok(([(header::CONTENT_TYPE, "application/x-tar")], body).into_response())
}

/// `POST /volumes/NAME/import`: the body is the archive.
async fn import(State(engine): Daemon, Path(name): Path<String>, body: Body) -> Result<StatusCode> {
    engine.import_volume(&name, Upload::new(body)).await?;
    Ok(StatusCode::NO_CONTENT)
}
