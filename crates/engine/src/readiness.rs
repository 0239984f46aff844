//! Waiting for a descriptor without a thread.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers `fd` with the reactor for reading.
#[expect(
    deprecated,
    reason = "the replacement is unsafe for types that may give out another descriptor later; an OwnedFd cannot"
)]
pub(crate) fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE)
}
