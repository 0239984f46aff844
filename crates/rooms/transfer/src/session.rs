//! The bytes of one blob to a registry: at once, or in parts where the registry or something before it does not take them at once;
//! taken up after a cut where the registry says that it is.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RANGE};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use crate::answer;
use crate::arriving::Answer;
use crate::error::Error;
use crate::meter::Meter;
use crate::remote::{Call, Remote};
use crate::retry::Tries;
use crate::sink::on_blocking_thread;
use crate::source::stream;
use crate::upload::Upload;
use crate::wire::{Body, no_body};

/// The first size of parts.
const PART: u64 = 16 << 20;
/// Parts do not become smaller, unless what is left is.
const LEAST: u64 = 1 << 20;

/// A session of the registry: where the next bytes go, and behind which byte.
struct Session {
    url: String,
    offset: u64,
    /// The shortest part that the registry takes (`OCI-Chunk-Min-Length`).
    least: u64,
}

/// One blob's way through as many tries as it takes.
#[derive(Default)]
struct Way {
    /// None before the first try, and where the registry has forgotten it.
    session: Option<Session>,
    /// Bytes a part; none sends all at once.
    part: Option<u64>,
    /// The furthest byte that the registry has had: only what lies behind it is progress.
    furthest: u64,
}

impl Way {
    /// Takes smaller parts from now on; false where they are as small as may be.
    fn smaller(&mut self) -> bool {
        let least = self.session.as_ref().map_or(LEAST, |session| session.least.max(LEAST));
        let next = self.part.map_or(PART, |part| part / 4).max(least);
        let shrinks = self.part.is_none_or(|part| next < part);
        self.part = Some(next);
        shrinks
    }
}

impl Remote {
    /// Sends a blob.
    pub(crate) async fn upload(&self, upload: &Upload<'_>) -> Result<(), Error> {
        let mut tries = Tries::new(self.patience);
        let mut way = Way::default();
        loop {
            let Err(error) = self.try_upload(upload, &mut way).await else { return Ok(()) };
            let too_large = matches!(error, Error::Refused { status: StatusCode::PAYLOAD_TOO_LARGE, .. });
            way.session = self.resume(way.session).await;
            let reached = way.session.as_ref().map_or(0, |session| session.offset);
            if reached > way.furthest {
                way.furthest = reached;
                tries.progressed();
            } else if way.smaller() && too_large {
                // Whoever stands before the registry takes less at a time: that is no failure yet.
                continue;
            }
            tries.pause(error).await?;
        }
    }

    /// One try: a session where there is none, the rest of the bytes, the digest.
    async fn try_upload(&self, upload: &Upload<'_>, way: &mut Way) -> Result<(), Error> {
        if way.session.is_none() {
            let url = self.url("blobs/uploads/");
            let response = self.ask_once(Method::POST, &url, HeaderMap::new()).await?;
            if response.status() != StatusCode::ACCEPTED {
                return Err(answer::refused(response).await);
            }
            way.session = Some(self.session(&url, &response)?);
        }
        let Some(session) = &mut way.session else { return Ok(()) };
        while session.offset < upload.blob.size {
            let left = upload.blob.size - session.offset;
            let part = way.part.map_or(left, |part| part.max(session.least).min(left));
            *session = self.send_part(upload, session, part).await?;
        }
        let sign = if session.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}digest={}", session.url, upload.blob.digest);
        let empty = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(0))]);
        let response = self.ask_once(Method::PUT, &url, empty).await?;
        if response.status().is_success() { Ok(()) } else { Err(answer::refused(response).await) }
    }

    /// Sends `part` bytes behind the session's offset.
    async fn send_part(&self, upload: &Upload<'_>, session: &Session, part: u64) -> Result<Session, Error> {
        let (content, digest) = (Arc::clone(upload.content), upload.blob.digest.clone());
        let file = on_blocking_thread(move || content.open(&digest)).await?;
        let (size, end) = (upload.blob.size, session.offset + part);
        let moved = Arc::new(AtomicU64::new(session.offset));
        let body = || body(&file, session.offset, end, &moved, &upload.sent);
        let range = format!("{}-{}", session.offset, end - 1);
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (CONTENT_LENGTH, HeaderValue::from(part)),
            (CONTENT_RANGE, HeaderValue::from_str(&range).unwrap_or(HeaderValue::from_static(""))),
        ]);
        let call = Call { method: Method::PATCH, url: session.url.clone(), headers, body: Some(&body), moved: &moved };
        let mut meter = Meter::new(upload.progress, upload.blob.digest.short(), "Pushing", size);
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        let mut answer = std::pin::pin!(self.send(&call));
        let response = loop {
            tokio::select! {
                response = &mut answer => break response?,
                _ = tick.tick() => meter.at(moved.load(Ordering::Relaxed)),
            }
        };
        if response.status() != StatusCode::ACCEPTED {
            return Err(answer::refused(response).await);
        }
        match last_byte(&response) {
            Some(last) if last != end - 1 => Err(self.invalid("the upload is not as long as what was sent")),
            _ => Ok(Session { offset: end, least: session.least, ..self.session(&session.url, &response)? }),
        }
    }

    /// Asks how far a session got; none where it has gone, and the upload begins anew.
    async fn resume(&self, session: Option<Session>) -> Option<Session> {
        let session = session?;
        let response = self.ask_once(Method::GET, &session.url, HeaderMap::new()).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let least = session.least;
        Some(Session { least, ..self.session(&session.url, &response).ok()? })
    }

    /// Ends a session that an answer opened and nobody needs. One that cannot be ended ends by itself.
    pub(crate) async fn close(&self, url: &str, response: &Answer) -> Result<(), Error> {
        let session = self.session(url, response)?;
        let _ = self.ask_once(Method::DELETE, &session.url, HeaderMap::new()).await;
        Ok(())
    }

    /// Reads `Location` and `Range: 0-<last byte>` of a session's answer.
    fn session(&self, url: &str, response: &Answer) -> Result<Session, Error> {
        let header =
            |name: HeaderName| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let url = match (header(LOCATION), response.status()) {
            (Some(location), _) => self.join(url, location),
            (None, StatusCode::NO_CONTENT) => url.to_owned(),
            (None, _) => return Err(self.invalid("an upload without a location")),
        };
        // `0-0` is what registries say of an empty upload, and of one byte: that is sent again.
        let offset = last_byte(response).filter(|last| *last > 0).map_or(0, |last| last + 1);
        let least =
            header(HeaderName::from_static("oci-chunk-min-length")).and_then(|length| length.parse().ok()).unwrap_or(0);
        Ok(Session { url, offset, least })
    }
}

/// The last byte that a session has, as its `Range: 0-<last>` says.
fn last_byte(response: &Answer) -> Option<u64> {
    let range = response.headers().get(RANGE)?.to_str().ok()?;
    range.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()
}

/// The bytes of a file from `offset` to `end`, counted as they are taken.
fn body(file: &File, offset: u64, end: u64, moved: &Arc<AtomicU64>, sent: &Arc<AtomicU64>) -> Body {
    moved.store(offset, Ordering::Relaxed);
    let (moved, sent) = (Arc::clone(moved), Arc::clone(sent));
    let Ok(file) = file.try_clone() else {
        let failed = futures::stream::iter([Err(io::Error::other("cannot duplicate a file descriptor"))]);
        return StreamBody::new(failed).boxed_unsync();
    };
    let counted = stream(file, offset, end - offset).map_ok(move |data| {
        moved.fetch_add(data.len() as u64, Ordering::Relaxed);
        sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        Frame::data(data)
    });
    if offset == end { no_body() } else { StreamBody::new(counted).boxed_unsync() }
}
