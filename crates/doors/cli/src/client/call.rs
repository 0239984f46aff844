//! A request in the making.

use std::fmt::Write;
use std::io;

use bytes::Bytes;
use futures::TryStreamExt;
use http::Method;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;
use tokio::io::AsyncRead;

use crate::error::{Error, Result};

/// The body of any request.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A request in the making.
pub(crate) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

impl Call {
    pub(crate) fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, segments)
    }

    pub(crate) fn head(segments: &[&str]) -> Self {
        Self::new(Method::HEAD, segments)
    }

    pub(crate) fn post(segments: &[&str]) -> Self {
        Self::new(Method::POST, segments)
    }

    pub(crate) fn put(segments: &[&str]) -> Self {
        Self::new(Method::PUT, segments)
    }

    pub(crate) fn delete(segments: &[&str]) -> Self {
        Self::new(Method::DELETE, segments)
    }

    fn new(method: Method, segments: &[&str]) -> Self {
        let mut path = format!("/v{}", knarr_api::API_VERSION);
        for segment in segments {
            path.push('/');
            escape(&mut path, segment, b"-._~:@/");
        }
        Self { method, path, headers: Vec::new(), body: bytes_body(Bytes::new()) }
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        escape(&mut self.path, name, b"-._~");
        self.path.push('=');
        escape(&mut self.path, value.as_ref(), b"-._~");
        self
    }

    /// Adds `name=1` if it is so.
    pub(crate) fn flag(self, name: &str, on: bool) -> Self {
        if on { self.query(name, "1") } else { self }
    }

    /// Adds a query parameter if there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends a document.
    pub(crate) fn body(mut self, document: &impl Serialize) -> Self {
        // Wire types have string keys only, so that writing them cannot fail.
        let bytes = serde_json::to_vec(document).unwrap_or_default();
        self.body = bytes_body(bytes.into());
        self.header("content-type", "application/json")
    }

    /// Sends a tar stream.
    pub(crate) fn tar(mut self, body: Body) -> Self {
        self.body = body;
        self.header("content-type", "application/x-tar")
    }

    /// Method and path, for errors.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }
}

fn bytes_body(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// What a file has, read while it is sent; `-` is stdin.
pub(crate) async fn body_of_file(path: &str) -> Result<Body> {
    if path == "-" {
        return Ok(body_of_reader(tokio::io::stdin()));
    }
    let file = tokio::fs::File::open(path).await.map_err(|e| Error::io(format!("open {path}"), e))?;
    Ok(body_of_reader(file))
}

/// A body that is read while it is sent.
pub(crate) fn body_of_reader(reader: impl AsyncRead + Send + 'static) -> Body {
    let stream = tokio_util::io::ReaderStream::with_capacity(reader, 64 * 1024);
    StreamBody::new(stream.map_ok(Frame::data)).boxed_unsync()
}

fn escape(out: &mut String, text: &str, plain: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(byte as char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_escaped() {
        let call = Call::get(&["images", "r:5000/a b", "json"]).query("filters", r#"{"a":1}"#).flag("all", true);
        assert_eq!(call.path, "/v1.50/images/r:5000/a%20b/json?filters=%7B%22a%22%3A1%7D&all=1");
        assert_eq!(Call::get(&["a?x=1#"]).path, "/v1.50/a%3Fx%3D1%23");
    }
}
