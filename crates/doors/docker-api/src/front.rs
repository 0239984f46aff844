//! What stands between the socket and hyper: a client may take over the connection (attach, exec start) without asking for an
//! upgrade, which hyper does not allow. The first head of a connection is therefore looked at, and such a request gets the upgrade
//! headers it left out; its answer's `101` is turned back into the `200` that the client expects.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The header by which a handler knows that the client did not ask for the upgrade.
pub(crate) const RAW: &str = "x-knarr-raw";

/// A head larger than this is passed on as it is; hyper refuses it.
const HEAD_LIMIT: usize = 16 << 10;
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const INSERTED: &[u8] = b"Connection: Upgrade\r\nUpgrade: tcp\r\nx-knarr-raw: 1\r\n";

/// The wrapped socket.
pub(crate) struct Front<S> {
    socket: S,
    /// Bytes of the first head that was read and not yet given to hyper.
    held: Vec<u8>,
    given: usize,
    state: State,
    /// Bytes that replace the start of the answer and are not yet written.
    answer: &'static [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The first head is being collected.
    Head,
    /// Head passed on; a rewritten one waits for its answer.
    Rewritten,
    /// Nothing more to change.
    Plain,
}

impl<S> Front<S> {
    /// Wraps a fresh connection.
    pub(crate) fn new(socket: S) -> Self {
        Self { socket, held: Vec::new(), given: 0, state: State::Head, answer: &[] }
    }

    fn decide(&mut self, end: bool) {
        let complete = self.held.windows(4).any(|four| four == b"\r\n\r\n");
        if !complete && !end && self.held.len() < HEAD_LIMIT && hijacks(&self.held) != Some(false) {
            return;
        }
        self.state = State::Plain;
        if complete && hijacks(&self.held) == Some(true) && !asks_upgrade(&self.held) {
            let line = self.held.windows(2).position(|two| two == b"\r\n").map_or(0, |at| at + 2);
            self.held.splice(line..line, INSERTED.iter().copied());
            self.state = State::Rewritten;
        }
    }
}

/// Whether the request line names a route that takes over the connection; none while the line is incomplete.
fn hijacks(head: &[u8]) -> Option<bool> {
    let line = match head.iter().position(|b| *b == b'\r') {
        Some(end) => &head[..end],
        None if head.len() >= 5 && !head.starts_with(b"POST ") => return Some(false),
        None => return None,
    };
    let text = std::str::from_utf8(line).ok()?;
    let path = text.strip_prefix("POST ").and_then(|rest| rest.split([' ', '?']).next());
    Some(path.is_some_and(|path| {
        let attach = path.contains("/containers/") && path.ends_with("/attach");
        attach || (path.contains("/exec/") && path.ends_with("/start"))
    }))
}

fn asks_upgrade(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    text.contains("\r\nupgrade:")
}

impl<S: AsyncRead + Unpin> AsyncRead for Front<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.state == State::Head {
            let mut chunk = [0u8; 4096];
            let mut buffer = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.socket).poll_read(cx, &mut buffer))?;
            this.held.extend_from_slice(buffer.filled());
            let end = buffer.filled().is_empty();
            this.decide(end);
        }
        if this.given < this.held.len() {
            let rest = &this.held[this.given..];
            let count = rest.len().min(out.remaining());
            out.put_slice(&rest[..count]);
            this.given += count;
            if this.given == this.held.len() {
                this.held = Vec::new();
                this.given = 0;
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.socket).poll_read(cx, out)
    }
}

impl<S: AsyncWrite + Unpin> Front<S> {
    /// Writes what is left of the replaced status line.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.answer.is_empty() {
            let count = ready!(Pin::new(&mut self.socket).poll_write(cx, self.answer))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.answer = &self.answer[count..];
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Front<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_answer(cx))?;
        if this.state == State::Rewritten && !data.is_empty() {
            this.state = State::Plain;
            if data.starts_with(SWITCHING) {
                this.answer = OK;
                // The replacement may wait for the socket: the next write drains it first.
                let _ = this.poll_answer(cx)?;
                return Poll::Ready(Ok(SWITCHING.len()));
            }
        }
        Pin::new(&mut this.socket).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_answer(cx))?;
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_answer(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn through(request: &[u8]) -> String {
        let (mut client, server) = tokio::io::duplex(64 << 10);
        client.write_all(request).await.unwrap();
        client.shutdown().await.unwrap();
        let mut text = String::new();
        Front::new(server).read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn only_a_hijack_without_upgrade_is_rewritten() {
        let hijack = through(b"POST /v1.40/containers/x/attach?stream=1 HTTP/1.1\r\nHost: d\r\n\r\nrest").await;
        assert!(hijack.contains("\r\nUpgrade: tcp\r\nx-knarr-raw: 1\r\nHost: d\r\n\r\nrest"), "{hijack}");
        for plain in [
            "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n",
            "POST /exec/x/start HTTP/1.1\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
            "POST /containers/x/start HTTP/1.1\r\n\r\n",
            "POST /contai",
        ] {
            assert_eq!(through(plain.as_bytes()).await, plain);
        }
    }

    #[tokio::test]
    async fn the_answer_of_a_rewritten_request_is_200() {
        let (mut client, server) = tokio::io::duplex(64 << 10);
        let mut front = Front::new(server);
        client.write_all(b"POST /exec/x/start HTTP/1.1\r\n\r\n").await.unwrap();
        let mut head = [0u8; 16];
        front.read_exact(&mut head).await.unwrap();
        front.write_all(b"HTTP/1.1 101 Switching Protocols\r\ncontent-type: x\r\n\r\nraw").await.unwrap();
        drop(front);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "HTTP/1.1 200 OK\r\ncontent-type: x\r\n\r\nraw");
    }
}
