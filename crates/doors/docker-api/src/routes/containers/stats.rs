//! `GET /containers/{id}/stats`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header;
use knarr_api::container::Stats;
use tokio::sync::mpsc;

use crate::error::Result;
use crate::query::Query;
use crate::routes::Daemon;
use crate::stream;

pub(super) async fn stats(State(engine): Daemon, Path(id): Path<String>, query: Query) -> Result<Response> {
    if !query.flag_or_true("stream") {
        return Ok(axum::Json(engine.stats(&id, query.flag("one-shot")).await?).into_response());
    }
    let readings = engine.stats_stream(&id)?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(encode(readings, sender));
    Ok(([(header::CONTENT_TYPE, "application/json")], stream::body(receiver)).into_response())
}

async fn encode(mut readings: mpsc::Receiver<Stats>, client: mpsc::Sender<bytes::Bytes>) {
    loop {
        let reading = tokio::select! {
            reading = readings.recv() => reading,
            () = client.closed() => return,
        };
        let Some(reading) = reading else { return };
        if client.send(stream::line(&reading)).await.is_err() {
            return;
        }
    }
}
