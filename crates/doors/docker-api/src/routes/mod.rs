//! The routes, one file a group.

mod build;
mod containers;
mod exec;
mod files;
mod images;
mod networks;
mod own;
mod system;
mod transfer;
mod volumes;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use knarr_engine::Engine;
use knarr_model::{Fault, Kind};

use crate::error::ApiError;

/// The engine, as handlers get it.
pub(crate) type Daemon = State<Arc<Engine>>;

/// All routes.
pub(crate) fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .merge(build::routes())
        .merge(containers::routes())
        .merge(exec::routes())
        .merge(files::routes())
        .merge(images::routes())
        .merge(networks::routes())
        .merge(own::routes())
        .merge(system::routes())
        .merge(transfer::routes())
        .merge(volumes::routes())
        .fallback(page_not_found)
        .method_not_allowed_fallback(page_not_found)
        .with_state(engine)
}

async fn page_not_found() -> ApiError {
    Fault::new(Kind::NotFound, "page not found").into()
}
