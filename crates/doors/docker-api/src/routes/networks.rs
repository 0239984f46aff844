//! `/networks`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use knarr_api::network::{ConnectRequest, CreateRequest, DisconnectRequest};
use knarr_engine::Engine;

use super::Daemon;
use crate::body::Json;
use crate::error::Result;
use crate::query::Query;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/networks", get(list))
        .route("/networks/create", post(create))
        .route("/networks/prune", post(prune))
        .route("/networks/{name}", get(inspect).delete(remove))
        .route("/networks/{name}/connect", post(connect))
        .route("/networks/{name}/disconnect", post(disconnect))
}

/// `GET /networks`.
async fn list(State(engine): Daemon, query: Query) -> Result<Response> {
    Ok(axum::Json(engine.list_networks(&query.filters()?).await?).into_response())
}

/// `GET /networks/NAME`.
async fn inspect(State(engine): Daemon, Path(name): Path<String>) -> Result<Response> {
    Ok(axum::Json(engine.inspect_network(&name).await?).into_response())
}

/// `POST /networks/create`.
async fn create(State(engine): Daemon, Json(request): Json<CreateRequest>) -> Result<Response> {
    Ok((StatusCode::CREATED, axum::Json(engine.create_network(request).await?)).into_response())
}

/// `DELETE /networks/NAME`.
async fn remove(State(engine): Daemon, Path(name): Path<String>) -> Result<StatusCode> {
    engine.remove_network(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /networks/NAME/connect`.
async fn connect(
    State(engine): Daemon,
    Path(name): Path<String>,
    Json(request): Json<ConnectRequest>,
) -> Result<StatusCode> {
    engine.connect_network(&name, request).await?;
    Ok(StatusCode::OK)
}

/// `POST /networks/NAME/disconnect`.
async fn disconnect(
    State(engine): Daemon,
    Path(name): Path<String>,
    Json(request): Json<DisconnectRequest>,
) -> Result<StatusCode> {
    engine.disconnect_network(&name, request).await?;
    Ok(StatusCode::OK)
}

/// `POST /networks/prune`.
async fn prune(State(engine): Daemon, query: Query) -> Result<Response> {
    Ok(axum::Json(engine.prune_networks(&query.filters()?).await?).into_response())
}
