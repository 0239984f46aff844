//! One client's connection and one shim's, copied into each other until one of them ends.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::Source;
use super::{DetachKeys, framed};
use crate::shim::{FromShim, Link, MOST_PAYLOAD, Receiver, Sender, ToShim};

/// How to copy.
pub(crate) struct Pump {
    /// A terminal: one raw stream.
    pub(crate) tty: bool,
    /// The client's bytes go to the process.
    pub(crate) stdin: bool,
    /// The end of the client's bytes ends the process's input.
    pub(crate) close_stdin: bool,
    /// Looked for in what is typed on a terminal.
    pub(crate) keys: Option<DetachKeys>,
}

/// Why the copying ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process ended, or its shim did.
    Exited,
    /// The client went, or typed the keys.
    Detached,
}

impl Pump {
    /// Copies until the process ends or the client goes. The client may end its direction alone (half-close) and still reads. Of the end
    /// it hears when that is `known` to whoever asks next.
    pub(crate) async fn run<C>(self, link: Link, client: C, known: impl Future<Output = ()>) -> End
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let (receiver, sender) = link.split();
        let (read, mut write) = tokio::io::split(client);
        let tty = self.tty;
        let mut sender = sender;
        let input = self.input(read, &mut sender);
        let output = output(receiver, &mut write, tty);
        let end = until_either(input, output).await;
        if end == End::Exited {
            known.await;
        }
        let _ = write.shutdown().await;
        end
    }

    /// Whether the client detached; false at the end of its bytes. The shim's sending half is only borrowed: a shim whose client has
    /// closed sends no more output.
    async fn input(mut self, mut client: impl AsyncRead + Unpin, shim: &mut Sender) -> bool {
        let mut buffer = vec![0u8; MOST_PAYLOAD];
        loop {
            let count = match client.read(&mut buffer).await {
                Ok(0) => break,
                Ok(count) => count,
                Err(_) => return true,
            };
            if !self.stdin {
                continue;
            }
            let (bytes, detached) = match &mut self.keys {
                Some(keys) => keys.pass(&buffer[..count]),
                None => (buffer[..count].to_vec(), false),
            };
            // Input that nobody reads any more is not the client's fault: its output goes on.
            if shim.send(ToShim::Stdin(&bytes)).await.is_err() {
                self.stdin = false;
            }
            if detached {
                return true;
            }
        }
        if self.stdin && self.close_stdin {
            let _ = shim.send(ToShim::StdinEnd).await;
        }
        false
    }
}

/// The end of the output ends everything; of the input only a detachment does.
async fn until_either(input: impl Future<Output = bool>, output: impl Future<Output = End>) -> End {
    tokio::pin!(input, output);
    tokio::select! {
        end = &mut output => end,
        detached = &mut input => match detached {
            true => End::Detached,
            false => output.await,
        },
    }
}

async fn output(mut shim: Receiver, client: &mut (impl AsyncWrite + Unpin), tty: bool) -> End {
    loop {
        let (source, bytes) = match shim.next().await {
            Ok(FromShim::Stdout(bytes)) => (Source::Stdout, bytes),
            Ok(FromShim::Stderr(bytes)) => (Source::Stderr, bytes),
            Ok(FromShim::Exited(_) | FromShim::Failed(_)) | Err(_) => return End::Exited,
            Ok(FromShim::Started(_) | FromShim::Answer(_)) => continue,
        };
        let framed = framed(source, &bytes, tty);
        if client.write_all(&framed).await.is_err() || client.flush().await.is_err() {
            return End::Detached;
        }
    }
}
