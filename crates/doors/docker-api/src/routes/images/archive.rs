//! Saving and loading images.

use std::io::BufWriter;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use knarr_api::image::Progress;
use knarr_engine::{Archive, Engine, Loaded};

use crate::error::Result;
use crate::handover::Handed;
use crate::long_body::{Download, Upload};
use crate::query::Query;
use crate::routes::Daemon;
use crate::stream;

/// Bytes written to a file at a time.
const BUFFER: usize = 256 << 10;

/// `GET /images/get?names=…`.
pub(super) async fn save_many(State(engine): Daemon, query: Query) -> Result<Response> {
    save(&engine, &names(&query))
}

fn names(query: &Query) -> Vec<String> {
    query.all("names").iter().flat_map(|names| names.split(',')).map(str::to_owned).collect()
}

/// The images as an archive. They are looked up before the answer begins, so that a wrong name still has a status.
pub(super) fn save(engine: &Arc<Engine>, names: &[String]) -> Result<Response> {
    let save = engine.save_images(names)?;
    let body = Download::body(|download| save.write(download));
    Ok(([(header::CONTENT_TYPE, "application/x-tar")], body).into_response())
}

/// `POST /images/load`.
pub(super) async fn load(State(engine): Daemon, body: Body) -> Result<Response> {
    told(engine.load_images(Archive::Stream(Box::new(Upload::new(body)))).await?)
}

/// `POST /knarr/images/load`, of a file that is handed over.
pub(in crate::routes) async fn load_file(State(engine): Daemon, Handed(file): Handed) -> Result<Response> {
    told(engine.load_images(Archive::File(file)).await?)
}

/// `POST /knarr/images/save?names=…`, into a file that is handed over.
pub(in crate::routes) async fn save_file(
    State(engine): Daemon,
    query: Query,
    Handed(file): Handed,
) -> Result<StatusCode> {
    engine.save_images(&names(&query))?.write(BufWriter::with_capacity(BUFFER, file)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn told(loaded: Vec<Loaded>) -> Result<Response> {
    let lines: Vec<Bytes> = loaded.iter().flat_map(said).collect();
    Ok(([(header::CONTENT_TYPE, "application/json")], lines.concat()).into_response())
}

/// What Docker says of a loaded image: its names, or its id where it has none.
fn said(image: &Loaded) -> Vec<Bytes> {
    let texts = match image.names.len() {
        0 => vec![format!("Loaded image ID: {}\n", image.id)],
        _ => image.names.iter().map(|name| format!("Loaded image: {}\n", name.familiar())).collect(),
    };
    let lines = texts.into_iter().map(|text| Progress { stream: Some(text), ..Progress::default() });
    lines.map(|line| stream::line(&line)).collect()
}
