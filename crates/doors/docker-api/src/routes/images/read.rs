//! Looking at images.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use knarr_api::image::Summary;
use knarr_engine::{Engine, ImageQuery};

use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;

/// `GET /images/json`.
pub(super) async fn list(State(engine): Daemon, query: Query) -> Result<Json<Vec<Summary>>> {
    let wanted =
        ImageQuery { all: query.flag("all"), filters: query.filters()?, shared_size: query.flag("shared-size") };
    Ok(Json(engine.list_images(&wanted)?))
}

/// `GET /images/NAME/json`.
pub(super) fn inspect(engine: &Engine, name: &str) -> Result<Response> {
    Ok(Json(engine.inspect_image(name)?).into_response())
}

/// `GET /images/NAME/history`.
pub(super) fn history(engine: &Engine, name: &str) -> Result<Response> {
    Ok(Json(engine.image_history(name)?).into_response())
}
