//! Long work on images as Docker's stream of JSON lines.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use knarr_model::{Fault, Progress, Step};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::error::{ApiError, Result};
use crate::stream;

/// Lines waiting for one client.
const QUEUE: usize = 4096;
/// Places kept for lines that tell more than a number of bytes.
const RESERVED: usize = QUEUE / 2;

/// The lines of one piece of work. A client that reads slowly loses byte counts, and never delays the work.
pub(crate) struct Lines {
    client: mpsc::Sender<Bytes>,
    said: AtomicBool,
}

impl Lines {
    /// Sends a line of one's own, for example an `aux`.
    pub(crate) fn say(&self, line: &Value) {
        self.said.store(true, Ordering::Relaxed);
        let _ = self.client.try_send(stream::line(line));
    }
}

impl Progress for Lines {
    fn step(&self, step: Step<'_>) {
        match step {
            Step::Say { id: "", text } => self.say(&json!({"status": text})),
            Step::Say { id, text } => self.say(&json!({"status": text, "id": id})),
            Step::Exists { id } => self.say(&json!({"status": "Already exists", "progressDetail": {}, "id": id})),
            Step::Phase { id, text } => self.say(&json!({"status": text, "progressDetail": {}, "id": id})),
            Step::Bytes { .. } if self.client.capacity() < RESERVED => {}
            Step::Bytes { id, text, current, total: 0 } => {
                self.say(&json!({"status": text, "progressDetail": {"current": current}, "id": id}));
            }
            Step::Bytes { id, text, current, total } => {
                self.say(&json!({"status": text, "progressDetail": {"current": current, "total": total}, "id": id}));
            }
        }
    }
}

/// Runs `work` and streams what it tells. A failure before the first line is a status; a later one is the last line. A
/// client that goes away ends the work.
pub(crate) async fn run<W>(work: impl FnOnce(Arc<Lines>) -> W) -> Result<Response>
where
    W: Future<Output = knarr_model::Result<()>> + Send + 'static,
{
    let (client, mut lines) = mpsc::channel(QUEUE);
    let told = Arc::new(Lines { client: client.clone(), said: AtomicBool::new(false) });
    let work = work(Arc::clone(&told));
    let running = tokio::spawn(async move {
        tokio::select! {
            done = work => end(&told, &client, done).await,
            () = client.closed() => Ok(()),
        }
    });
    match lines.recv().await {
        Some(first) => {
            let body = stream::body_from(first, lines);
            Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
        }
        None => {
            let lost = |e| Fault::internal("the work was cut short").because(e);
            running.await.map_err(lost).map_err(ApiError::from)??;
            Ok(([(CONTENT_TYPE, "application/json")], "").into_response())
        }
    }
}

/// Gives a failure back where nothing was said yet, and tells it as the last line otherwise.
async fn end(told: &Lines, client: &mpsc::Sender<Bytes>, done: knarr_model::Result<()>) -> knarr_model::Result<()> {
    match done {
        Err(fault) if told.said.load(Ordering::Relaxed) => {
            let message = fault.full();
            let line = json!({"errorDetail": {"message": message}, "error": message});
            // The one line that must not be lost: waits for room.
            let _ = client.send(stream::line(&line)).await;
            Ok(())
        }
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_late_failure_is_the_last_line_and_an_early_one_a_status() {
        let late = run(|lines| async move {
            lines.step(Step::Phase { id: "abc", text: "Downloading" });
            Err(Fault::not_found("it is gone"))
        });
        let lines = text(late.await.unwrap()).await;
        let wanted = "{\"status\":\"Downloading\",\"progressDetail\":{},\"id\":\"abc\"}\r\n\
                      {\"errorDetail\":{\"message\":\"it is gone\"},\"error\":\"it is gone\"}\r\n";
        let keys = |text: &str| text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).collect::<Vec<_>>();
        assert_eq!(keys(&lines), keys(wanted));
        let early = run(|_| async { Err(Fault::not_found("it is gone")) }).await.unwrap_err();
        assert_eq!(early.0.kind(), knarr_model::Kind::NotFound);
    }

    #[tokio::test]
    async fn a_slow_reader_loses_byte_counts_only() {
        let streamed = run(|lines| async move {
            for current in 0..100_000 {
                lines.step(Step::Bytes { id: "abc", text: "Downloading", current, total: 100_000 });
            }
            lines.step(Step::Say { id: "", text: "done" });
            Ok(())
        });
        let lines = text(streamed.await.unwrap()).await;
        assert!(lines.lines().count() <= QUEUE);
        assert!(lines.ends_with("{\"status\":\"done\"}\r\n"));
    }

    #[tokio::test]
    async fn a_client_that_goes_ends_the_work() {
        let (started, alive) = tokio::sync::oneshot::channel::<()>();
        let response = run(|lines| async move {
            lines.step(Step::Say { id: "", text: "begun" });
            let _held = started;
            std::future::pending().await
        });
        drop(response.await.unwrap());
        assert!(alive.await.is_err(), "the work was dropped");
    }
}
