//! From a request to its answer.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RANGE,
    WWW_AUTHENTICATE,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use knarr_engine::{Engine, Shared, Token};
use knarr_model::{Digest, Fault, Kind, Result};
use serde_json::json;

use crate::guard::admits;
use crate::route::{Route, part};

/// Body of every answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Answers one request.
pub(crate) async fn answer<B>(engine: &Arc<Engine>, token: &Token, request: &Request<B>) -> Response<Body> {
    if !admits(token, request.headers()) {
        let mut refused = problem(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "the share's token is required");
        refused.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"knarr share\""));
        return refused;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return problem(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "a share can only be read");
    }
    let answered = match Route::parse(request.uri().path(), request.uri().query()) {
        Some(Route::Ping) => Ok(whole(StatusCode::OK, "{}")),
        Some(Route::Tag(image)) => engine.shared_image(&image).await.map(manifest),
        Some(Route::Manifest(digest)) => engine.shared_manifest(&digest).await.map(manifest),
        Some(Route::Blob(digest)) => blob(engine, &digest, request.headers()).await,
        None => Err(Fault::not_found("no such page")),
    };
    let mut response = answered.unwrap_or_else(|fault| failed(&fault));
    if *request.method() == Method::HEAD {
        *response.body_mut() = empty();
    }
    response
}

async fn blob(engine: &Arc<Engine>, digest: &Digest, headers: &HeaderMap) -> Result<Response<Body>> {
    let (file, size) = engine.shared_blob(digest).await?;
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let Some((offset, length)) = part(range, size) else {
        return Ok(problem(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UNKNOWN", "the range lies beyond the blob's end"));
    };
    let frames = knarr_transfer::stream(file, offset, length).map_ok(Frame::data);
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let own = response.headers_mut();
    own.insert(CONTENT_LENGTH, HeaderValue::from(length));
    own.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    own.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    own.insert(CONTENT_DIGEST, plain(digest.as_str()));
    if length != size {
        own.insert(CONTENT_RANGE, plain(&format!("bytes {offset}-{}/{size}", offset + length - 1)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn manifest(shared: Shared) -> Response<Body> {
    let mut response = whole(StatusCode::OK, shared.bytes);
    response.headers_mut().insert(CONTENT_TYPE, plain(&shared.media_type));
    response.headers_mut().insert(CONTENT_DIGEST, plain(shared.digest.as_str()));
    response
}

/// What is not here is told; of what went wrong inside only that it did.
fn failed(fault: &Fault) -> Response<Body> {
    match fault.kind() {
        Kind::NotFound | Kind::Invalid => problem(StatusCode::NOT_FOUND, "NOT_FOUND", "it is not here"),
        _ => {
            tracing::warn!(error = %fault.full(), "cannot share");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "the daemon's log has the reason")
        }
    }
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    whole(status, json!({"errors": [{"code": code, "message": message}]}).to_string())
}

fn whole(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let text = text.into();
    let length = HeaderValue::from(text.len());
    let mut response = Response::new(Full::new(text).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()
}

/// A header of text that is known to be plain; a media type of an image is not.
fn plain(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}
