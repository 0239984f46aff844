//! Sends calls.

use std::error::Error as StdError;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;

use super::{Call, Host, Lines, socket};
use crate::error::{Error, Result};

/// A connection taken over for a stream in both directions.
pub(crate) type Hijacked = TokioIo<Upgraded>;

/// A client of one daemon.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    host: Host,
    debug: bool,
}

impl Client {
    /// A client of the daemon at `host`; with `debug` it says on stderr what it asks and what status comes back.
    pub(crate) fn new(host: Host, debug: bool) -> Self {
        Self { host, debug }
    }

    /// Where its daemon is.
    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// Sends a call; an answer of 400 or more is an error.
    pub(crate) async fn send(&self, call: Call) -> Result<Response<Incoming>> {
        let name = call.name();
        let response = self.exchange(call).await?;
        if response.status().as_u16() < 400 {
            return Ok(response);
        }
        let status = response.status();
        let body = response.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
        Err(refusal(&name, status, &body))
    }

    /// Sends a call and reads the whole answer.
    pub(crate) async fn bytes(&self, call: Call) -> Result<Bytes> {
        let name = call.name();
        let body = self.send(call).await?.into_body().collect().await;
        body.map(|b| b.to_bytes()).map_err(|e| broken(name, &e))
    }

    /// Sends a call whose answer nobody reads.
    pub(crate) async fn done(&self, call: Call) -> Result {
        self.bytes(call).await.map(drop)
    }

    /// Sends a call and reads a document.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        let operation = call.name();
        let bytes = self.bytes(call).await?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Answer { operation, cause: e.to_string() })
    }

    /// Sends a call and reads documents as they come.
    pub(crate) async fn stream<T: DeserializeOwned>(&self, call: Call) -> Result<Lines<T>> {
        let name = call.name();
        Ok(Lines::new(name, self.send(call).await?.into_body()))
    }

    /// Sends a call and takes the connection over.
    pub(crate) async fn hijack(&self, call: Call) -> Result<Hijacked> {
        let name = call.name();
        let call = call.header("connection", "Upgrade").header("upgrade", "tcp");
        let response = self.send(call).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::Answer { operation: name, cause: format!("expected 101, got {}", response.status()) });
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(|e| broken(name, &e))?;
        Ok(TokioIo::new(upgraded))
    }

    async fn exchange(&self, call: Call) -> Result<Response<Incoming>> {
        let name = call.name();
        let stream = socket::connect(&self.host).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| broken(name.clone(), &e))?;
        tokio::spawn(connection.with_upgrades());
        let mut request =
            Request::builder().method(call.method).uri(call.path).header(header::HOST, self.host.header());
        for (header, value) in call.headers {
            request = request.header(header, value);
        }
        let request = request.body(call.body).map_err(|e| Error::invalid(format!("cannot ask for {name}: {e}")))?;
        let uri = request.uri().clone();
        let response = sender.send_request(request).await.map_err(|e| broken(name.clone(), &e))?;
        if self.debug {
            eprintln!("debug: {} {uri}: {}", name.split(' ').next().unwrap_or_default(), response.status());
        }
        Ok(response)
    }
}

/// The daemon's message, or the status where it sent none.
fn refusal(operation: &str, status: StatusCode, body: &[u8]) -> Error {
    let message = serde_json::from_slice::<knarr_api::error::Message>(body).map(|m| m.message).unwrap_or_default();
    let message = match (message.is_empty(), String::from_utf8_lossy(body).trim()) {
        (false, _) => message,
        (true, "") => format!("{operation}: {status}"),
        (true, text) => text.to_owned(),
    };
    Error::Daemon { status: status.as_u16(), message }
}

pub(super) fn broken(operation: String, error: &hyper::Error) -> Error {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        cause = format!("{cause}: {source}");
        next = source.source();
    }
    Error::Connection { operation, cause }
}
