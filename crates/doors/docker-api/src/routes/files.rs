//! The files of containers: `archive`, `export`, `changes`, and `/commit`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use http::StatusCode;
use knarr_api::container::{Change, PathStat};
use knarr_api::image::CommitResponse;
use knarr_engine::{CommitRequest, CopyIn, Engine};
use knarr_model::oci::RunConfig;
use knarr_model::{Fault, Result as Checked};

use super::{Daemon, images};
use crate::body;
use crate::error::Result;
use crate::long_body::{Download, Upload};
use crate::query::Query;

/// What a path is, as JSON in base64.
const STAT: HeaderName = HeaderName::from_static("x-docker-container-path-stat");

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/containers/{id}/archive", get(copy_out).head(stat).put(copy_in))
        .route("/containers/{id}/export", get(export))
        .route("/containers/{id}/changes", get(changes))
        .route("/commit", post(commit))
}

/// The `path` parameter.
fn path(query: &Query) -> Checked<&str> {
    match query.text("path") {
        "" => Err(Fault::invalid("bad parameter: path cannot be empty")),
        path => Ok(path),
    }
}

fn stat_header(stat: &PathStat) -> Checked<(HeaderName, HeaderValue)> {
    let fail = |e| Fault::internal("cannot describe a path").because(e);
    let text = serde_json::to_vec(stat).map_err(fail)?;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let value = HeaderValue::from_str(&encoded).map_err(|e| Fault::internal("cannot describe a path").because(e))?;
    Ok((STAT, value))
}

/// `HEAD /containers/NAME/archive`.
async fn stat(State(engine): Daemon, Path(name): Path<String>, query: Query) -> Result<Response> {
    let stat = engine.stat_path(&name, path(&query)?).await?;
    Ok(([stat_header(&stat)?], ()).into_response())
}

/// `GET /containers/NAME/archive`.
async fn copy_out(State(engine): Daemon, Path(name): Path<String>, query: Query) -> Result<Response> {
    let copy = engine.copy_out(&name, path(&query)?).await?;
    let head = [stat_header(&copy.stat)?, tar()];
    let body = Download::body(|download| copy.write(download));
    Ok((head, body).into_response())
}

/// `PUT /containers/NAME/archive`.
async fn copy_in(State(engine): Daemon, Path(name): Path<String>, query: Query, body: Body) -> Result<StatusCode> {
    let how = CopyIn { keep_kinds: query.flag("noOverwriteDirNonDir"), chown: query.flag("copyUIDGID") };
    engine.copy_in(&name, path(&query)?, how, Upload::new(body)).await?;
    Ok(StatusCode::OK)
}

/// `GET /containers/NAME/export`.
async fn export(State(engine): Daemon, Path(name): Path<String>) -> Result<Response> {
    let export = engine.export(&name)?;
    let body = Download::body(|download| export.write(download));
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], body).into_response())
}

fn tar() -> (HeaderName, HeaderValue) {
    (header::CONTENT_TYPE, HeaderValue::from_static("application/x-tar"))
}

/// `GET /containers/NAME/changes`: `null` where nothing has changed.
async fn changes(State(engine): Daemon, Path(name): Path<String>) -> Result<Json<Option<Vec<Change>>>> {
    let changes = engine.changes(&name).await?;
    let item = |change: &knarr_engine::Change| Change {
        path: change.path.to_string_lossy().into_owned(),
        kind: change.kind as u8,
    };
    let items: Vec<Change> = changes.iter().map(item).collect();
    Ok(Json((!items.is_empty()).then_some(items)))
}

/// `POST /commit`.
async fn commit(
    State(engine): Daemon,
    query: Query,
    body::Json(config): body::Json<Option<RunConfig>>,
) -> Result<(StatusCode, Json<CommitResponse>)> {
    let request = CommitRequest {
        name: images::name_of_query(&query, "repo")?,
        comment: query.text("comment").to_owned(),
        author: query.text("author").to_owned(),
        pause: query.flag_or_true("pause"),
        config,
        changes: query.all("changes").to_vec(),
    };
    let id = engine.commit(query.text("container"), request).await?;
    Ok((StatusCode::CREATED, Json(CommitResponse { id: id.to_string() })))
}
