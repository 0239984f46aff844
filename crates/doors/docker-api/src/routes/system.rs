//! `_ping`, `version`, `info`, `events`, `system/df`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use knarr_engine::{Delivery, Engine, EventQuery, Subscription};
use knarr_model::Fault;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Daemon;
use crate::error::Result;
use crate::query::Query;
use crate::{MAX_API, MIN_API, stream};

/// Events waiting for one client.
const QUEUE: usize = 64;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_ping", get(ping))
        .route("/version", get(version))
        .route("/info", get(info))
        .route("/events", get(events))
        .route("/system/df", get(disk_usage))
}

/// `GET` and `HEAD /_ping`.
async fn ping() -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8"),
        ("builder-version", "1"),
        ("swarm", "inactive"),
        (header::CACHE_CONTROL.as_str(), "no-cache, no-store, must-revalidate"),
        (header::PRAGMA.as_str(), "no-cache"),
    ];
    (headers, "OK").into_response()
}

/// `GET /version`.
async fn version(State(engine): Daemon) -> Json<Value> {
    let mut version = engine.version();
    version["ApiVersion"] = json!(MAX_API);
    version["MinAPIVersion"] = json!(MIN_API);
    let details = json!({
        "ApiVersion": MAX_API, "MinAPIVersion": MIN_API, "Os": version["Os"], "Arch": version["Arch"],
        "KernelVersion": version["KernelVersion"], "GitCommit": version["GitCommit"], "GoVersion": version["GoVersion"],
        "BuildTime": version["BuildTime"], "Experimental": "false",
    });
    version["Components"] = json!([{"Name": "Engine", "Version": Engine::VERSION, "Details": details}]);
    Json(version)
}

/// `GET /info`.
async fn info(State(engine): Daemon) -> Json<Value> {
    Json(engine.info())
}

/// `GET /system/df`.
async fn disk_usage(State(engine): Daemon) -> Result<Response> {
    Ok(Json(engine.disk_usage().await?).into_response())
}

/// `GET /events`.
async fn events(State(engine): Daemon, query: Query) -> Result<Response> {
    let wanted = EventQuery { since: query.time("since")?, until: query.time("until")?, filters: query.filters()? };
    if wanted.since.zip(wanted.until).is_some_and(|(since, until)| since > until) {
        let (since, until) = (query.text("since"), query.text("until"));
        let text = format!("`since` time ({since}) cannot be after `until` time ({until})");
        return Err(Fault::invalid(text).into());
    }
    let subscription = engine.events().subscribe(wanted);
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(forward(subscription, sender));
    let head = [(header::CONTENT_TYPE, "application/json")];
    Ok((head, Body::new(stream::body(receiver))).into_response())
}

/// Ends when the subscription does, or the client has gone.
async fn forward(mut subscription: Subscription, client: mpsc::Sender<Bytes>) {
    loop {
        let delivery = tokio::select! {
            delivery = subscription.next() => delivery,
            () = client.closed() => return,
        };
        let line = match delivery {
            Some(Delivery::Event(event)) => stream::line(&*event),
            Some(Delivery::Gap(lost)) => stream::line(&gap(lost)),
            None => return,
        };
        if client.send(line).await.is_err() {
            return;
        }
    }
}

/// What a client that was too slow reads in place of the lost events.
fn gap(lost: u64) -> Value {
    let now = knarr_engine::Timestamp::now();
    json!({
        "Type": "daemon", "Action": "gap", "scope": "local", "time": now.seconds(), "timeNano": now.nanoseconds(),
        "Actor": {"ID": "", "Attributes": {"lost": lost.to_string()}},
    })
}
