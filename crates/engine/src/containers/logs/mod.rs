//! `logs`: what the shim has written, read with its rotated predecessors, and followed.
//!
//! ```text
//! json.log.2  json.log.1  json.log ◄─ the shim appends      Tail ─► start ─► Reader ─► entries ─► client
//! ```

mod entry;
mod files;
mod form;
mod reader;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use knarr_model::{Fault, Kind, Result};
use tokio::sync::{mpsc, watch as life_watch};

use self::reader::Reader;
use super::container::Life;
use crate::engine::blocking;
use crate::{Engine, Timestamp};

pub(crate) use form::{file_name, form};
pub(crate) use watch::LogWatch;

/// What a client wants of the logs.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The standard output.
    pub stdout: bool,
    /// The standard error.
    pub stderr: bool,
    /// Go on with what comes.
    pub follow: bool,
    /// Only so many of the last lines.
    pub tail: Option<usize>,
    /// Only from this time on.
    pub since: Option<Timestamp>,
    /// Only up to this time.
    pub until: Option<Timestamp>,
    /// Each line's time before it.
    pub timestamps: bool,
}

/// Logs on their way to a client.
pub struct LogStream {
    receiver: mpsc::Receiver<Bytes>,
    /// Whether the streams are multiplexed (there is no terminal).
    pub multiplexed: bool,
}

impl LogStream {
    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.receiver.recv().await
    }

    /// The channel itself.
    pub fn into_receiver(self) -> mpsc::Receiver<Bytes> {
        self.receiver
    }
}

/// Pieces waiting for one client.
const QUEUE: usize = 16;

impl Engine {
    /// The logs of a container.
    pub async fn logs(self: &Arc<Self>, name: &str, options: LogOptions) -> Result<LogStream> {
        if !options.stdout && !options.stderr {
            return Err(Fault::invalid("Bad parameters: you must choose at least one stream"));
        }
        let container = self.containers.find(name)?;
        let view = container.view();
        let Some(form) = form(&view) else {
            let text = "configured logging driver does not support reading";
            return Err(Fault::new(Kind::Unsupported, text));
        };
        let dir = self.container_dir(&view.id).join("log");
        let (sender, receiver) = mpsc::channel(QUEUE);
        let watch = if options.follow { Some(self.log_watch.watch(&dir)?) } else { None };
        let life = container.life();
        let tail = options.tail;
        let reader = blocking(move || Reader::open(&dir, form, tail)).await?;
        let follower = Follower { reader: Some(reader), options, raw: view.config.tty, sender };
        tokio::spawn(follower.run(watch, life));
        Ok(LogStream { receiver, multiplexed: !view.config.tty })
    }
}

struct Follower {
    /// Taken out while a blocking thread reads.
    reader: Option<Reader>,
    options: LogOptions,
    raw: bool,
    sender: mpsc::Sender<Bytes>,
}

impl Follower {
    async fn run(mut self, mut watch: Option<watch::Watch>, mut life: life_watch::Receiver<Life>) {
        loop {
            // Looked at before reading: what a process writes before it ends is read after the end was seen.
            let alive = life.borrow_and_update().status.alive();
            if !self.drain().await {
                return;
            }
            let Some(watch) = watch.as_mut().filter(|_| alive) else { return };
            tokio::select! {
                () = watch.changed() => {}
                _ = life.changed() => {}
                () = self.sender.closed() => return,
                () = until(self.options.until) => return,
            }
        }
    }

    /// Sends all there is; false where the client has gone or `until` is reached.
    async fn drain(&mut self) -> bool {
        loop {
            let Some(mut reader) = self.reader.take() else { return false };
            let read = blocking(move || Ok((reader.next_batch()?, reader))).await;
            let Ok((entries, reader)) = read else { return false };
            self.reader = Some(reader);
            if entries.is_empty() {
                return true;
            }
            let mut bytes = Vec::new();
            let mut ended = false;
            for entry in entries {
                ended |= self.options.until.is_some_and(|until| entry.time() > until);
                if !ended && entry.wanted(&self.options) {
                    bytes.extend_from_slice(&entry.render(self.options.timestamps, self.raw));
                }
            }
            let sent = bytes.is_empty() || self.sender.send(bytes.into()).await.is_ok();
            if !sent || ended {
                return false;
            }
        }
    }
}

async fn until(time: Option<Timestamp>) {
    match time {
        Some(time) => {
            let ahead = time.nanoseconds().saturating_sub(Timestamp::now().nanoseconds()).max(0);
            tokio::time::sleep(Duration::from_nanos(ahead.unsigned_abs())).await;
        }
        None => std::future::pending().await,
    }
}
