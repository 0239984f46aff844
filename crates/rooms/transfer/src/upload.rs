//! One blob to a registry: not sent where it is there, mounted where a neighbour has it, resumed after a cut.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use knarr_model::oci::Descriptor;
use knarr_model::ports::Content;
use knarr_model::{Progress, Step};

use crate::answer;
use crate::arriving::Answer;
use crate::error::Error;
use crate::meter::Meter;
use crate::remote::{Call, Remote};
use crate::retry::Tries;
use crate::sink::on_blocking_thread;
use crate::source::stream;
use crate::wire::{Body, no_body};

/// How a blob came to be in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placed {
    Sent,
    Existed,
    Mounted(String),
}

/// One blob on its way.
pub(crate) struct Upload<'a> {
    pub(crate) blob: &'a Descriptor,
    pub(crate) content: &'a Arc<dyn Content>,
    pub(crate) progress: &'a dyn Progress,
    /// Repositories of the same registry that are believed to have it.
    pub(crate) mount_from: &'a [String],
    /// Counts the bytes that went out.
    pub(crate) sent: Arc<AtomicU64>,
}

/// A session of the registry: where the next chunk goes, and behind which byte.
struct Session {
    url: String,
    offset: u64,
}

impl Remote {
    /// Brings a blob into the repository by the cheapest way.
    pub(crate) async fn place(&self, upload: &Upload<'_>) -> Result<Placed, Error> {
        if self.has_blob(upload.blob).await? {
            return Ok(Placed::Existed);
        }
        for from in upload.mount_from {
            if self.mount(upload.blob, from).await? {
                return Ok(Placed::Mounted(from.clone()));
            }
        }
        self.upload(upload).await.map(|()| Placed::Sent)
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool, Error> {
        let url = self.url(&format!("blobs/{}", blob.digest));
        let response = self.ask_patiently(Method::HEAD, &url).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(answer::refused(response).await),
        }
    }

    /// 201 says that it is mounted; 202 opens a session that nobody needs, which is closed again.
    async fn mount(&self, blob: &Descriptor, from: &str) -> Result<bool, Error> {
        let url = self.url(&format!("blobs/uploads/?mount={}&from={from}", blob.digest));
        let response = self.ask_patiently(Method::POST, &url).await?;
        match response.status() {
            StatusCode::CREATED => Ok(true),
            StatusCode::ACCEPTED => {
                let session = self.session(&url, &response)?;
                // A session that cannot be closed ends by itself.
                let _ = self.ask_once(Method::DELETE, &session.url, HeaderMap::new()).await;
                Ok(false)
            }
            // A source that may not be read is no reason to fail: the blob can be sent.
            status if status.is_client_error() => Ok(false),
            _ => Err(answer::refused(response).await),
        }
    }

    async fn upload(&self, upload: &Upload<'_>) -> Result<(), Error> {
        let mut tries = Tries::new(self.patience);
        let mut session: Option<Session> = None;
        loop {
            let before = upload.sent.load(Ordering::Relaxed);
            let Err(error) = self.try_upload(upload, &mut session).await else { return Ok(()) };
            if upload.sent.load(Ordering::Relaxed) > before {
                tries.progressed();
            }
            tries.pause(error).await?;
            session = self.resume(session).await;
        }
    }

    /// One try: a session where there is none, the rest of the bytes, the digest.
    async fn try_upload(&self, upload: &Upload<'_>, kept: &mut Option<Session>) -> Result<(), Error> {
        let mut session = match kept.take() {
            Some(session) => session,
            None => {
                let url = self.url("blobs/uploads/");
                let response = self.ask_once(Method::POST, &url, HeaderMap::new()).await?;
                if response.status() != StatusCode::ACCEPTED {
                    return Err(answer::refused(response).await);
                }
                self.session(&url, &response)?
            }
        };
        if session.offset < upload.blob.size {
            match self.send_rest(upload, &session).await {
                Ok(next) => session = next,
                Err(error) => {
                    *kept = Some(session);
                    return Err(error);
                }
            }
        }
        let sign = if session.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}digest={}", session.url, upload.blob.digest);
        let empty = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(0))]);
        *kept = Some(session);
        let response = self.ask_once(Method::PUT, &url, empty).await?;
        if response.status().is_success() { Ok(()) } else { Err(answer::refused(response).await) }
    }

    /// Sends everything behind the session's offset in one chunk.
    async fn send_rest(&self, upload: &Upload<'_>, session: &Session) -> Result<Session, Error> {
        let (content, digest) = (Arc::clone(upload.content), upload.blob.digest.clone());
        let file = on_blocking_thread(move || content.open(&digest)).await?;
        let size = upload.blob.size;
        let moved = Arc::new(AtomicU64::new(session.offset));
        let body = || body(&file, session.offset, size, &moved, &upload.sent);
        let range = format!("{}-{}", session.offset, size - 1);
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (CONTENT_LENGTH, HeaderValue::from(size - session.offset)),
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
            Some(last) if last != size - 1 => Err(self.invalid("the upload is not as long as what was sent")),
            _ => Ok(Session { offset: size, ..self.session(&session.url, &response)? }),
        }
    }

    /// Asks how far a session got; none where it has gone, and the upload begins anew.
    async fn resume(&self, session: Option<Session>) -> Option<Session> {
        let session = session?;
        let response = self.ask_once(Method::GET, &session.url, HeaderMap::new()).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        self.session(&session.url, &response).ok()
    }

    /// Reads `Location` and `Range: 0-<last byte>` of a session's answer.
    fn session(&self, url: &str, response: &Answer) -> Result<Session, Error> {
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let url = match (header(LOCATION), response.status()) {
            (Some(location), _) => self.join(url, location),
            (None, StatusCode::NO_CONTENT) => url.to_owned(),
            (None, _) => return Err(self.invalid("an upload without a location")),
        };
        // `0-0` is what registries say of an empty upload, and of one byte: that is sent again.
        let offset = last_byte(response).filter(|last| *last > 0).map_or(0, |last| last + 1);
        Ok(Session { url, offset })
    }

    async fn ask_patiently(&self, method: Method, url: &str) -> Result<Answer, Error> {
        let mut tries = Tries::new(self.patience);
        loop {
            let error = match self.ask_once(method.clone(), url, HeaderMap::new()).await {
                Ok(response)
                    if response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS =>
                {
                    answer::refused(response).await
                }
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            tries.pause(error).await?;
        }
    }

    pub(crate) async fn ask_once(&self, method: Method, url: &str, mut headers: HeaderMap) -> Result<Answer, Error> {
        if method == Method::POST {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        }
        let moved = AtomicU64::new(0);
        self.send(&Call { method, url: url.to_owned(), headers, body: None, moved: &moved }).await
    }
}

/// The last byte that a session has, as its `Range: 0-<last>` says.
fn last_byte(response: &Answer) -> Option<u64> {
    let range = response.headers().get(RANGE)?.to_str().ok()?;
    range.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()
}

/// The bytes of a file from `offset` to `size`, counted as they are taken.
fn body(file: &File, offset: u64, size: u64, moved: &Arc<AtomicU64>, sent: &Arc<AtomicU64>) -> Body {
    moved.store(offset, Ordering::Relaxed);
    let (moved, sent) = (Arc::clone(moved), Arc::clone(sent));
    let Ok(file) = file.try_clone() else {
        let failed = futures::stream::iter([Err(io::Error::other("cannot duplicate a file descriptor"))]);
        return StreamBody::new(failed).boxed_unsync();
    };
    let counted = stream(file, offset, size - offset).map_ok(move |data| {
        moved.fetch_add(data.len() as u64, Ordering::Relaxed);
        sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        Frame::data(data)
    });
    if offset == size { no_body() } else { StreamBody::new(counted).boxed_unsync() }
}

/// Tells what became of a blob, in Docker's words.
pub(crate) fn report(progress: &dyn Progress, blob: &Descriptor, placed: &Placed) {
    let id = blob.digest.short();
    match placed {
        Placed::Sent => progress.step(Step::Phase { id, text: "Pushed" }),
        Placed::Existed => progress.step(Step::Phase { id, text: "Layer already exists" }),
        Placed::Mounted(from) => progress.step(Step::Phase { id, text: &format!("Mounted from {from}") }),
    }
}
