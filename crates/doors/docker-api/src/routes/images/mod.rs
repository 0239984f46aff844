//! `/images/…`.

mod archive;
mod change;
mod import;
mod name;
mod read;

pub(super) use archive::{load_file, save_file};
pub(super) use name::of_query as name_of_query;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use knarr_engine::Engine;
use knarr_model::{Fault, Kind};

use super::{Daemon, transfer};
use crate::error::Result;
use crate::query::Query;
use crate::version::Version;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/images/json", get(read::list))
        .route("/images/get", get(archive::save_many))
        .route("/images/load", post(archive::load))
        .route("/images/create", post(create))
        .route("/images/prune", post(change::prune))
        .route("/images/{*path}", get(get_one).post(post_one).delete(change::delete))
}

/// A name may have slashes, so the verb behind it is split off here.
pub(super) fn split<'p>(path: &'p str, verbs: &[&'static str]) -> Result<(&'p str, &'static str)> {
    let found = verbs.iter().find_map(|verb| Some((path.strip_suffix(verb)?.strip_suffix('/')?, *verb)));
    found.ok_or_else(|| page_not_found().into())
}

fn page_not_found() -> Fault {
    Fault::new(Kind::NotFound, "page not found")
}

/// `GET /images/NAME/{json,history,get}`.
async fn get_one(State(engine): Daemon, Path(path): Path<String>, version: Version) -> Result<Response> {
    match split(&path, &["json", "history", "get"])? {
        (name, "json") => read::inspect(&engine, name, version),
        (name, "history") => read::history(&engine, name),
        (name, _) => archive::save(&engine, &[name.to_owned()]),
    }
}

/// `POST /images/NAME/{tag,push}`.
async fn post_one(
    State(engine): Daemon,
    Path(path): Path<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response> {
    match split(&path, &["tag", "push"])? {
        (name, "push") => transfer::push(engine, name, &query, &headers).await,
        (name, _) => change::tag(&engine, name, &query),
    }
}

/// `POST /images/create`: an import or a pull.
async fn create(State(engine): Daemon, query: Query, headers: HeaderMap, body: Body) -> Result<Response> {
    if query.has("fromSrc") {
        return Ok(import::import(engine, query, body).await?.into_response());
    }
    transfer::pull(engine, &query, &headers).await
}
