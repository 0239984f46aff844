//! `/containers`.

mod attach;
mod checkpoints;
mod create;
mod life;
mod logs;
mod read;
mod stats;
mod wait;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, delete, get, post};
use knarr_engine::Engine;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/containers/create", post(create::create))
        .route("/containers/json", get(read::list))
        .route("/containers/prune", post(life::prune))
        .route("/containers/{id}/json", get(read::inspect))
        .route("/containers/{id}/top", get(read::top))
        .route("/containers/{id}/logs", get(logs::logs))
        .route("/containers/{id}/stats", get(stats::stats))
        .route("/containers/{id}/attach", post(attach::attach))
        .route("/containers/{id}/wait", post(wait::wait))
        .route("/containers/{id}/start", post(life::start))
        .route("/containers/{id}/stop", post(life::stop))
        .route("/containers/{id}/restart", post(life::restart))
        .route("/containers/{id}/kill", post(life::kill))
        .route("/containers/{id}/pause", post(life::pause))
        .route("/containers/{id}/unpause", post(life::unpause))
        .route("/containers/{id}/rename", post(life::rename))
        .route("/containers/{id}/resize", post(life::resize))
        .route("/containers/{id}/update", post(life::update))
        .route("/containers/{id}/checkpoints", any(checkpoints::refuse))
        .route("/containers/{id}/checkpoints/{checkpoint}", any(checkpoints::refuse))
        .route("/containers/{id}", delete(life::remove))
}
