//! The body of an answer while it arrives: a line that falls silent is given up.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::error::Error;
use crate::wire::broken;

/// A registry's answer, its body still on the way.
pub(crate) type Answer = Response<Arriving>;

/// A body with a watch on it.
pub(crate) struct Arriving {
    body: Incoming,
    from: Uri,
    silence: Duration,
}

impl Arriving {
    pub(crate) fn new(body: Incoming, from: Uri, silence: Duration) -> Self {
        Self { body, from, silence }
    }

    /// Where it comes from.
    pub(crate) fn from(&self) -> &Uri {
        &self.from
    }

    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = match tokio::time::timeout(self.silence, self.body.frame()).await {
                Err(_) => return Err(self.failed("the registry stopped sending")),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(self.failed(&format!("the connection was cut: {error}"))),
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// The line broke in the middle of it.
    pub(crate) fn failed(&self, reason: &str) -> Error {
        broken("Get", &self.from, reason)
    }
}
