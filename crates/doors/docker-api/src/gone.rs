//! Noticing that a client has gone while nothing is sent to it.
//!
//! hyper is told to leave half-closed connections alone, because a client may end its own direction and still read. So a client that
//! closed its socket, and waits for nothing any more, would be noticed only by the next write; a build or a stream of events may
//! write nothing for hours. The kernel tells the two apart: both directions closed is `EPOLLHUP` (unix(7), epoll_ctl(2)).

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Watches the other end of a socket. Of a TCP connection a close looks like a half-close until something is sent, or the peer's
/// kernel is asked (keep-alive) and answers with a reset.
pub(crate) struct Peer(AsyncFd<OwnedFd>);

impl Peer {
    /// Watches the peer of `socket`.
    #[expect(
        deprecated,
        reason = "the replacement is unsafe for types that may give out another descriptor later; an OwnedFd cannot"
    )]
    pub(crate) fn of(socket: &impl AsFd) -> io::Result<Self> {
        let copy = socket.as_fd().try_clone_to_owned()?;
        Ok(Self(AsyncFd::with_interest(copy, Interest::WRITABLE)?))
    }

    /// Ends when the peer has closed its socket, not when it has only ended its direction.
    pub(crate) async fn gone(&self) {
        loop {
            match self.0.ready(Interest::WRITABLE).await {
                Ok(guard) if guard.ready().is_write_closed() => return,
                Ok(mut guard) => guard.clear_ready(),
                // The runtime ends: so does everything.
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn only_a_closed_peer_is_gone() {
        let (mut client, server) = UnixStream::pair().unwrap();
        let peer = Peer::of(&server).unwrap();
        client.write_all(b"request").await.unwrap();
        client.shutdown().await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), peer.gone()).await.is_err(), "half-closed");
        drop(client);
        tokio::time::timeout(Duration::from_secs(10), peer.gone()).await.expect("closed");
    }
}
