//! `POST /containers/{id}/wait`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header;
use knarr_api::container::WaitResponse;

use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;
use crate::stream;

/// The head goes out at once: clients start the container only after they have seen it.
pub(super) async fn wait(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<Response> {
    let ended = engine.wait(&id, query.text("condition").parse()?)?;
    let once = futures::stream::once(async move {
        let response = WaitResponse { status_code: i64::from(ended.await), error: None };
        Ok::<Bytes, std::convert::Infallible>(stream::line(&response))
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(once)).into_response())
}
