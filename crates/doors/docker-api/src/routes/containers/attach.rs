//! `POST /containers/{id}/attach`.

use axum::extract::{Path, State};
use axum::response::Response;
use knarr_engine::AttachOptions;

use crate::error::Result;
use crate::hijack::Hijack;
use crate::query::Query;
use crate::routes::Daemon;

/// The attachment is there before the client hears so: a start that it sends then cannot overtake it.
pub(super) async fn attach(
    State(engine): Daemon,
    Path(id): Path<String>,
    query: Query,
    hijack: Hijack,
) -> Result<Response> {
    let options = AttachOptions {
        stdin: query.flag("stdin"),
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        logs: query.flag("logs"),
        stream: query.flag("stream"),
        detach_keys: query.text("detachKeys").to_owned(),
    };
    let attachment = engine.attach(&id, options).await?;
    let response = hijack.response(attachment.multiplexed());
    tokio::spawn(async move {
        match hijack.connection().await {
            Ok(connection) => attachment.run(connection).await,
            Err(error) => tracing::debug!(error = %error.full(), "a client went before it was attached"),
        }
    });
    Ok(response)
}
