//! The daemon's API as bytes on its socket, for what no command line sends.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A raw client of one daemon: one connection a request.
#[derive(Clone)]
pub struct Http {
    socket: PathBuf,
}

/// An answer, read to the end of the connection.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Status line and header lines, as they came.
    pub head: String,
    /// The body, without the marks of chunks.
    pub body: Vec<u8>,
}

impl Http {
    /// A client of the daemon that listens there.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// An open connection, for what is no plain request.
    pub fn connect(&self) -> Result<UnixStream> {
        let stream =
            UnixStream::connect(&self.socket).with_context(|| format!("connect to {}", self.socket.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// Sends bytes as they are, and reads until the daemon closes.
    pub fn raw(&self, request: &[u8]) -> Result<Answer> {
        let mut stream = self.connect()?;
        // A daemon that refuses early may not read all of it.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }

    /// A request without a body.
    pub fn ask(&self, method: &str, path: &str) -> Result<Answer> {
        self.raw(
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        )
    }

    /// A request with a JSON body.
    pub fn send(&self, method: &str, path: &str, body: &str) -> Result<Answer> {
        self.upload(method, path, "application/json", body.as_bytes())
    }

    /// A request with a body of any kind.
    pub fn upload(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Answer> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n");
        let mut request = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        self.raw(&request)
    }

    /// The document that a GET answers.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", path)?.json()
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no whole head came")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status")?;
        let body = &bytes[end + 4..];
        let chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked");
        Ok(Self { status, body: if chunked { unchunk(body) } else { body.to_vec() }, head })
    }

    /// The value of a header, empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        line.clone().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a document.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("{}\n{}", self.head, self.text()))
    }

    /// Docker's `message` of a refusal.
    pub fn message(&self) -> String {
        self.json().ok().and_then(|body| Some(body.get("message")?.as_str()?.to_owned())).unwrap_or_default()
    }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let text = String::from_utf8_lossy(&rest[..end]);
        let length = usize::from_str_radix(text.split(';').next().unwrap_or_default(), 16).unwrap_or(0);
        let from = end + 2;
        if length == 0 || from + length > rest.len() {
            break;
        }
        body.extend_from_slice(&rest[from..from + length]);
        rest = rest.get(from + length + 2..).unwrap_or_default();
    }
    body
}
