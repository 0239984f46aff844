//! `POST /containers/create`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use knarr_api::container::CreateRequest;

use crate::body::Json;
use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;

pub(super) async fn create(
    State(engine): Daemon,
    query: Query,
    Json(request): Json<CreateRequest>,
) -> Result<Response> {
    let name = Some(query.text("name")).filter(|name| !name.is_empty());
    let platform = Some(query.text("platform")).filter(|platform| !platform.is_empty());
    let created = engine.create(name, platform, request).await?;
    Ok((StatusCode::CREATED, axum::Json(created)).into_response())
}
