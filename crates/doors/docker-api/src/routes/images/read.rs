//! Looking at images.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use knarr_api::image::Summary;
use knarr_engine::{Engine, ImageQuery};

use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;
use crate::version::Version;

/// `GET /images/json`.
pub(super) async fn list(State(engine): Daemon, version: Version, query: Query) -> Result<Json<Vec<Summary>>> {
    let wanted =
        ImageQuery { all: query.flag("all"), filters: query.filters()?, shared_size: query.flag("shared-size") };
    let mut images = engine.list_images(&wanted)?;
    if !version.at_least(44) {
        images.iter_mut().for_each(|image| image.virtual_size = image.size);
    }
    Ok(Json(images))
}

/// `GET /images/NAME/json`.
pub(super) fn inspect(engine: &Engine, name: &str, version: Version) -> Result<Response> {
    let mut image = engine.inspect_image(name)?;
    if !version.at_least(44) {
        image.virtual_size = image.size;
    }
    Ok(Json(image).into_response())
}

/// `GET /images/NAME/history`.
pub(super) fn history(engine: &Engine, name: &str) -> Result<Response> {
    Ok(Json(engine.image_history(name)?).into_response())
}
