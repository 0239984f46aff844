//! `GET /containers/{id}/logs`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header;
use knarr_engine::LogOptions;
use knarr_model::Fault;

use crate::error::Result;
use crate::hijack;
use crate::query::Query;
use crate::routes::Daemon;
use crate::stream;
use crate::version::Version;

pub(super) async fn logs(
    State(engine): Daemon,
    Path(id): Path<String>,
    version: Version,
    query: Query,
) -> Result<Response> {
    let options = LogOptions {
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        follow: query.flag("follow"),
        tail: tail(query.text("tail"))?,
        since: query.time("since")?,
        until: query.time("until")?,
        timestamps: query.flag("timestamps"),
    };
    let logs = engine.logs(&id, options).await?;
    let kind = hijack::content_type(logs.multiplexed, version);
    Ok(([(header::CONTENT_TYPE, kind)], stream::body(logs.into_receiver())).into_response())
}

/// A number of lines, or all of them.
fn tail(text: &str) -> Result<Option<usize>> {
    match text {
        "" | "all" => Ok(None),
        number if number.starts_with('-') => Ok(None),
        number => Ok(Some(number.parse().map_err(|_| Fault::invalid(format!("invalid tail: {number:?}")))?)),
    }
}
