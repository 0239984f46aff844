//! A connection to a shim.

use std::io;
use std::os::unix::net::UnixStream as StdStream;

use knarr_model::{Fault, Result};
use knarr_shim_client::Decoder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::{FromShim, ToShim, want};

/// Bytes that are read at once.
const CHUNK: usize = 32 << 10;

/// Sends and receives frames.
pub(crate) struct Link {
    receiver: Receiver,
    sender: Sender,
}

/// The receiving half.
pub(crate) struct Receiver {
    stream: OwnedReadHalf,
    decoder: Decoder,
    chunk: Vec<u8>,
}

/// The sending half.
pub(crate) struct Sender(OwnedWriteHalf);

fn failed(error: io::Error) -> Fault {
    Fault::internal("cannot talk to the shim").because(error)
}

impl Link {
    /// Takes over a blocking connection.
    pub(crate) fn adopt(stream: StdStream) -> Result<Self> {
        stream.set_nonblocking(true).map_err(failed)?;
        let (read, write) = UnixStream::from_std(stream).map_err(failed)?.into_split();
        let receiver = Receiver { stream: read, decoder: Decoder::default(), chunk: Vec::new() };
        Ok(Self { receiver, sender: Sender(write) })
    }

    /// Greets a shim that was just spawned, and waits until it answers: from then on others can connect to it too.
    pub(crate) async fn greet(&mut self) -> Result<()> {
        self.send(ToShim::Hello(want::EVENTS)).await?;
        // There is no process yet to get the signal; the answer is what counts.
        self.send(ToShim::Signal { number: 0, whole_group: false }).await?;
        while !matches!(self.next().await?, FromShim::Answer(_)) {}
        Ok(())
    }

    pub(crate) async fn send(&mut self, frame: ToShim<'_>) -> Result<()> {
        self.sender.send(frame).await
    }

    /// The next frame; an error also at the end. May be cancelled without losing bytes.
    pub(crate) async fn next(&mut self) -> Result<FromShim> {
        self.receiver.next().await
    }

    pub(crate) fn split(self) -> (Receiver, Sender) {
        (self.receiver, self.sender)
    }
}

impl Receiver {
    /// The next frame; an error also at the end. May be cancelled without losing bytes.
    pub(crate) async fn next(&mut self) -> Result<FromShim> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(frame);
            }
            // A link that waits for hours holds no buffer.
            self.stream.readable().await.map_err(failed)?;
            self.chunk.reserve_exact(CHUNK);
            let read = self.stream.read_buf(&mut self.chunk).await.map_err(failed)?;
            if read == 0 {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
            self.decoder.push(&self.chunk);
            self.chunk = Vec::new();
        }
    }
}

impl Sender {
    pub(crate) async fn send(&mut self, frame: ToShim<'_>) -> Result<()> {
        self.0.write_all(&frame.encode()).await.map_err(failed)
    }
}
