//! A decoded request: what the handlers are given.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HeaderName};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use knarr_transfer::Sink;

use crate::problem::{Code, Outcome, Problem};

/// A client that sends nothing for this long within a body is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// One request, after authentication.
pub(crate) struct Request {
    pub(crate) principal: String,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Incoming,
}

impl Request {
    /// The first query parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH)?.parse().ok()
    }
}

/// The next bytes of a body; none at its end.
async fn next(body: &mut Incoming) -> Outcome<Option<Bytes>> {
    let broken = |message: &str| Problem::new(Code::BlobUploadInvalid, message.to_owned());
    loop {
        let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
            Err(_) => return Err(broken("the client stopped sending").with_status(http::StatusCode::REQUEST_TIMEOUT)),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(broken("the request ended before its body")),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

/// A whole body of at most `limit` bytes.
pub(crate) async fn read_whole(body: &mut Incoming, limit: u64) -> Outcome<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(data) = next(body).await? {
        if whole.len() as u64 + data.len() as u64 > limit {
            return Err(Problem::new(Code::SizeInvalid, format!("the document is larger than {limit} bytes")));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// Streams a body into `sink`. What arrived before a cut is kept, so that the client can go on behind it.
pub(crate) async fn receive(body: &mut Incoming, sink: &mut Sink) -> Outcome<()> {
    let streamed = async {
        while let Some(data) = next(body).await? {
            sink.write(data).await?;
        }
        Ok(())
    };
    let streamed: Outcome<()> = streamed.await;
    let settled = sink.settle().await;
    // The first failure is the cause: a sink that failed to write says after that only that it did.
    streamed?;
    Ok(settled?)
}
