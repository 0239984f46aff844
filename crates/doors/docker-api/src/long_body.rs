//! Long bodies in both directions, between hyper's tasks and the engine's blocking threads. Both are bounded: whoever is
//! slower sets the pace.

use std::io::{self, Read, Write};

use axum::body::Body;
use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

/// Pieces on their way; each has at most a few hundred KiB.
const QUEUE: usize = 8;
/// Bytes of a body that are taken though nobody wants them.
const DRAINED: usize = 16 << 20;
/// Bytes gathered before they are sent.
const PIECE: usize = 64 << 10;

/// A request's body as something to read, on a blocking thread.
pub(crate) struct Upload {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Upload {
    /// Starts to read the body. A client that goes away in the middle is an error of the next read.
    pub(crate) fn new(mut body: Body) -> Self {
        let (sender, pieces) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                let piece = match frame {
                    Ok(frame) => frame.into_data().map(Ok).unwrap_or_else(|_| Ok(Bytes::new())),
                    Err(error) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, error)),
                };
                let failed = piece.is_err();
                let unwanted = sender.send(piece).await.is_err();
                if unwanted && !failed {
                    drain(&mut body).await;
                }
                if unwanted || failed {
                    return;
                }
            }
        });
        Self { pieces, current: Bytes::new() }
    }
}

/// Takes what a client still sends after it was refused: clients read the answer when they have sent their request. One that has very much more
/// to say is cut off.
async fn drain(body: &mut Body) {
    let mut left = DRAINED;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Something to write to on a blocking thread, and the body that it becomes.
pub(crate) struct Download {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
}

impl Download {
    /// A body that `write` writes; it breaks off where that fails.
    pub(crate) fn body<W>(write: impl FnOnce(Self) -> W) -> Body
    where
        W: Future<Output = knarr_model::Result<()>> + Send + 'static,
    {
        let (download, body) = Self::new();
        let breaker = download.breaker();
        let writing = write(download);
        tokio::spawn(async move {
            if let Err(fault) = writing.await {
                tracing::warn!(error = %fault.full(), "an archive was cut short");
                breaker.fail(fault.full()).await;
            }
        });
        body
    }

    /// A pair of both ends.
    pub(crate) fn new() -> (Self, Body) {
        let (pieces, receiver) = mpsc::channel(QUEUE);
        let stream = futures::stream::unfold(receiver, |mut receiver| async move {
            let piece = receiver.recv().await?;
            Some((piece, receiver))
        });
        (Self { pieces, gathered: Vec::with_capacity(PIECE) }, Body::from_stream(stream.boxed()))
    }

    /// What breaks the body off, so that the client does not take it for whole.
    pub(crate) fn breaker(&self) -> Breaker {
        Breaker(self.pieces.clone())
    }
}

/// Breaks a body off.
pub(crate) struct Breaker(mpsc::Sender<io::Result<Bytes>>);

impl Breaker {
    /// Ends the body with an error.
    pub(crate) async fn fail(self, reason: impl std::fmt::Display) {
        let _ = self.0.send(Err(io::Error::other(reason.to_string()))).await;
    }
}

impl Write for Download {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(data);
        if self.gathered.len() >= PIECE {
            self.flush()?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
