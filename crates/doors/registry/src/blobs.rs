//! `/v2/<name>/blobs/…`: reading, and the upload conversation.

use std::sync::Arc;

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RANGE,
};
use http::{Method, Response, StatusCode};
use knarr_model::Digest;
use knarr_transfer::{Sink, on_blocking_thread};
use tokio::sync::MutexGuard;

use crate::answer::{self, Body, CONTENT_DIGEST, UPLOAD_UUID, header};
use crate::name::Name;
use crate::problem::{Code, Outcome, Problem};
use crate::range::{self, Wanted};
use crate::registry::Registry;
use crate::request::{Request, receive};
use crate::route::parse_digest;
use crate::uploads::{Session, new_id, unknown};

impl Registry {
    /// GET, HEAD, DELETE of a blob.
    pub(crate) async fn blob(&self, method: &Method, name: Name, digest: Digest, request: &Request) -> Outcome {
        match *method {
            Method::GET => self.read_blob(name, digest, request.header(RANGE), true).await,
            Method::HEAD => self.read_blob(name, digest, None, false).await,
            Method::DELETE => {
                let removed = self.on_disk(move |storage| storage.delete_blob(&name, &digest)).await?;
                if removed { Ok(answer::empty(StatusCode::ACCEPTED)) } else { Err(blob_unknown()) }
            }
            _ => Err(unsupported()),
        }
    }

    async fn read_blob(&self, name: Name, digest: Digest, range: Option<&str>, with_body: bool) -> Outcome {
        let wanted = digest.clone();
        let found = self.on_disk(move |storage| storage.open_blob(&name, &wanted)).await?;
        let (file, size) = found.ok_or_else(blob_unknown)?;
        let mut response = match range::wanted(range, size) {
            _ if !with_body => {
                let mut response = answer::empty(StatusCode::OK);
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(size));
                response
            }
            Wanted::All => answer::file(StatusCode::OK, file, 0, size),
            Wanted::Part(first, length) => {
                let mut response = answer::file(StatusCode::PARTIAL_CONTENT, file, first, length);
                let place = format!("bytes {first}-{}/{size}", first + length - 1);
                response.headers_mut().insert(CONTENT_RANGE, header(&place));
                response
            }
            Wanted::Beyond => {
                let problem = Problem::new(Code::SizeInvalid, "the range begins behind the end of the blob");
                let place = (CONTENT_RANGE, header(&format!("bytes */{size}")));
                return Err(problem.with_status(StatusCode::RANGE_NOT_SATISFIABLE).with_headers([place]));
            }
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_DIGEST, header(digest.as_str()));
        Ok(response)
    }

    /// POST: a mount, a whole blob at once, or a new session.
    pub(crate) async fn begin_upload(&self, method: &Method, name: Name, request: &mut Request) -> Outcome {
        if *method != Method::POST {
            return Err(unsupported());
        }
        if let Some(mounted) = self.mount(&name, request).await? {
            return Ok(mounted);
        }
        let digest = request.parameter("digest").map(parse_digest).transpose()?;
        let id = new_id()?;
        let key = format!("upload {id}");
        let ingest = self.on_disk(move |storage| storage.ingest(&key)).await?;
        let mut sink = Sink::new(ingest);
        match digest {
            Some(digest) => match receive(&mut request.body, &mut sink).await {
                Ok(()) => self.publish(name, sink, digest).await,
                Err(problem) => {
                    // Without a session nobody can go on behind what arrived.
                    sink.abort().await?;
                    Err(problem)
                }
            },
            None => {
                self.uploads.begin(&id, &name, &request.principal, sink)?;
                Ok(progress(StatusCode::ACCEPTED, &name, &id, 0))
            }
        }
    }

    /// Answers a mount request where the source repository has the blob.
    async fn mount(&self, name: &Name, request: &Request) -> Outcome<Option<Response<Body>>> {
        let (Some(digest), Some(from)) = (request.parameter("mount"), request.parameter("from")) else {
            return Ok(None);
        };
        let digest = parse_digest(digest)?;
        let Some(from) = Name::parse(from) else { return Ok(None) };
        let (target, wanted) = (name.clone(), digest.clone());
        let mounted = self.on_disk(move |storage| storage.mount(&target, &from, &wanted)).await?;
        Ok(mounted.then(|| answer::created(&format!("/v2/{name}/blobs/{digest}"), &digest)))
    }

    /// GET, PATCH, PUT, DELETE of a session.
    pub(crate) async fn upload(&self, method: &Method, name: Name, id: &str, request: &mut Request) -> Outcome {
        let session = self.uploads.get(id, &name, &request.principal)?;
        let mut held = hold(&session).await?;
        match *method {
            Method::GET | Method::HEAD => {
                let offset = held.as_ref().ok_or_else(unknown)?.offset();
                Ok(progress(StatusCode::NO_CONTENT, &name, id, offset))
            }
            Method::PATCH => {
                let offset = self.append(&name, id, request, &mut held).await?;
                Ok(progress(StatusCode::ACCEPTED, &name, id, offset))
            }
            Method::PUT => {
                let digest = request
                    .parameter("digest")
                    .ok_or_else(|| Problem::new(Code::DigestInvalid, "the digest parameter is missing"));
                let digest = parse_digest(digest?)?;
                self.append(&name, id, request, &mut held).await?;
                let sink = held.take().ok_or_else(unknown)?;
                self.uploads.end(id);
                self.publish(name, sink, digest).await
            }
            Method::DELETE => {
                self.uploads.end(id);
                held.take().ok_or_else(unknown)?.abort().await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(unsupported()),
        }
    }

    /// Appends the request's body to a session; how much it has then. A session whose content was lost, to a full disk for
    /// example, ends.
    async fn append(&self, name: &Name, id: &str, request: &mut Request, held: &mut Option<Sink>) -> Outcome<u64> {
        let sink = held.as_mut().ok_or_else(unknown)?;
        let taken = take_chunk(name, id, request, sink).await;
        let offset = sink.offset();
        if sink.is_broken() {
            *held = None;
            self.uploads.end(id);
        }
        taken.map(|()| offset)
    }

    /// Verifies, and makes the content a blob of the repository.
    async fn publish(&self, name: Name, sink: Sink, digest: Digest) -> Outcome {
        let ingest = sink.into_ingest().await?;
        let location = format!("/v2/{name}/blobs/{digest}");
        let wanted = digest.clone();
        let storage = Arc::clone(&self.storage);
        let committed = on_blocking_thread(move || storage.commit_blob(&name, ingest, &wanted)).await;
        match committed {
            Ok(()) => Ok(answer::created(&location, &digest)),
            Err(fault) if fault.kind() == knarr_model::Kind::Invalid => {
                Err(Problem::new(Code::DigestInvalid, fault.full()))
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

/// The session's content, when the request that writes it is done: a client whose line was cut comes back before the cut
/// is noticed here.
async fn hold(session: &Session) -> Outcome<MutexGuard<'_, Option<Sink>>> {
    let busy = || Problem::new(Code::BlobUploadInvalid, "another request writes to this upload");
    let patience = std::time::Duration::from_secs(20);
    let held = tokio::time::timeout(patience, session.sink.lock()).await;
    held.map_err(|_| busy().with_status(StatusCode::CONFLICT))
}

/// Appends the request's body, which must begin where the upload ends (416 otherwise).
async fn take_chunk(name: &Name, id: &str, request: &mut Request, sink: &mut Sink) -> Outcome<()> {
    let before = sink.offset();
    let invalid = |message: &str| Problem::new(Code::BlobUploadInvalid, message.to_owned());
    let place = match request.header(CONTENT_RANGE) {
        Some(text) => Some(range::chunk(text).ok_or_else(|| invalid("malformed Content-Range"))?),
        None => None,
    };
    if place.is_some_and(|(first, _)| first != before) {
        let problem = invalid("the chunk does not begin where the upload ends");
        return Err(problem
            .with_status(StatusCode::RANGE_NOT_SATISFIABLE)
            .with_headers(place_headers(name, id, before)));
    }
    let announced = place.map(|(_, length)| length);
    if let (Some(announced), Some(sent)) = (announced, request.content_length())
        && announced != sent
    {
        return Err(invalid("Content-Range and Content-Length differ"));
    }
    receive(&mut request.body, sink).await?;
    match announced {
        Some(length) if sink.offset() - before != length => {
            Err(invalid("the body is not as long as its Content-Range"))
        }
        _ => Ok(()),
    }
}

/// Tells where the upload is, and how far.
fn progress(status: StatusCode, name: &Name, id: &str, offset: u64) -> Response<Body> {
    let mut response = answer::empty(status);
    response.headers_mut().extend(place_headers(name, id, offset));
    response
}

fn place_headers(name: &Name, id: &str, offset: u64) -> [(HeaderName, HeaderValue); 3] {
    [
        (LOCATION, header(&format!("/v2/{name}/blobs/uploads/{id}"))),
        (RANGE, header(&format!("0-{}", offset.saturating_sub(1)))),
        (UPLOAD_UUID, header(id)),
    ]
}

fn blob_unknown() -> Problem {
    Problem::new(Code::BlobUnknown, "blob unknown to registry")
}

/// 405.
pub(crate) fn unsupported() -> Problem {
    Problem::new(Code::Unsupported, "the operation is unsupported")
}
