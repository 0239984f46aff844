//! A session on a hijacked connection: our stdin to it, its output to ours.
//!
//! Without a terminal the output comes in frames of 8 bytes head (`[stream, 0, 0, 0, length big-endian]`) and the payload; with one it is raw.

mod demux;
mod input;
mod signals;

use std::io::Write;

use tokio::io::{AsyncReadExt, ReadHalf};

pub(crate) use demux::Demux;
pub(crate) use signals::forward_signals;

use crate::client::Hijacked;
use crate::error::{Error, Result};
use crate::terminal::DetachKeys;

/// How a session is held.
pub(crate) struct Session {
    /// The connection.
    pub(crate) connection: Hijacked,
    /// Whether it is a terminal's: raw output, detach keys.
    pub(crate) tty: bool,
    /// Whether stdin is sent.
    pub(crate) stdin: bool,
    /// Whether output is printed.
    pub(crate) output: bool,
    /// Keys that detach.
    pub(crate) keys: DetachKeys,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The other side closed it.
    Closed,
    /// The user pressed the keys.
    Detached,
}

impl Session {
    /// Holds the session until it ends.
    pub(crate) async fn hold(self) -> Result<Ended> {
        let (reader, writer) = tokio::io::split(self.connection);
        let keys = self.tty.then_some(self.keys);
        let input = input::send_stdin(writer, keys, self.stdin);
        let output = print(reader, self.tty);
        tokio::pin!(input, output);
        if !self.output {
            return input.await;
        }
        tokio::select! {
            done = &mut output => done.map(|()| Ended::Closed),
            ended = &mut input => match ended? {
                Ended::Detached => Ok(Ended::Detached),
                Ended::Closed => output.await.map(|()| Ended::Closed),
            },
        }
    }
}

async fn print(mut reader: ReadHalf<Hijacked>, raw: bool) -> Result {
    let mut buffer = vec![0; 64 * 1024];
    let mut demux = Demux::default();
    loop {
        let length = match reader.read(&mut buffer).await {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            // A daemon that goes closes abruptly; whether the container ended is told by waiting for it.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(Error::io("read the container's output", error)),
        };
        match raw {
            true => print_raw(&buffer[..length])?,
            false => demux.feed(&buffer[..length])?,
        }
    }
}

/// Prints a terminal's output as it is.
pub(crate) fn print_raw(data: &[u8]) -> Result {
    write_to(std::io::stdout().lock(), data)
}

/// Writes all of it at once; a reader that has gone ends us quietly.
fn write_to(mut target: impl Write, data: &[u8]) -> Result {
    match target.write_all(data).and_then(|()| target.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Error::Silent(141)),
        Err(error) => Err(Error::io("write the container's output", error)),
    }
}
