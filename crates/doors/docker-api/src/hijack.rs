//! Taking over a connection: attach and exec start.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use knarr_model::{Fault, Result};

use crate::error::ApiError;
use crate::front::RAW;
use crate::version::Version;

/// The connection once it is ours, as a byte stream in both directions.
pub(crate) type Connection = TokioIo<Upgraded>;

/// A request's wish to take over its connection.
pub(crate) struct Hijack {
    upgrade: OnUpgrade,
    raw: bool,
    version: Version,
}

impl<S: Send + Sync> FromRequestParts<S> for Hijack {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(version) = Version::from_request_parts(parts, state).await;
        let raw = parts.headers.contains_key(RAW);
        let mut request = Request::new(Body::empty());
        *request.extensions_mut() = std::mem::take(&mut parts.extensions);
        let upgrade = hyper::upgrade::on(&mut request);
        parts.extensions = std::mem::take(request.extensions_mut());
        Ok(Self { upgrade, raw, version })
    }
}

/// What a stream of output is called; before API 1.42 every one was called raw.
pub(crate) fn content_type(multiplexed: bool, version: Version) -> &'static str {
    if multiplexed && version.at_least(42) {
        "application/vnd.docker.multiplexed-stream"
    } else {
        "application/vnd.docker.raw-stream"
    }
}

impl Hijack {
    /// The answer that hands the connection over, with the content type of what will flow.
    pub(crate) fn response(&self, multiplexed: bool) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let kind = content_type(multiplexed && !self.raw, self.version);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if !self.raw {
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
        }
        response
    }

    /// The connection, once the answer is on its way.
    pub(crate) async fn connection(self) -> Result<Connection> {
        let upgraded = self.upgrade.await.map_err(|e| Fault::internal("cannot take over the connection").because(e))?;
        Ok(TokioIo::new(upgraded))
    }
}
