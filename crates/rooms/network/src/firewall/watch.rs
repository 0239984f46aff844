//! Notices when somebody else removes our table (`nft flush ruleset`), so that it can be put back at once.

use std::io;
use std::os::fd::BorrowedFd;

use knarr_netlink::{Attributes, Protocol, Socket};

/// The bit of `NFNLGRP_NFTABLES` (7).
const GROUP: u32 = 1 << 6;
const DELETE_TABLE: u16 = 0xa02;
/// `ENOBUFS`: news were lost.
const LOST: i32 = 105;

/// A stream of news about one table.
pub(crate) struct Watch {
    socket: Socket,
    table: String,
}

impl Watch {
    /// Listens from now on.
    pub(crate) fn open(table: &str) -> io::Result<Self> {
        Ok(Self { socket: Socket::subscribe(Protocol::Netfilter, GROUP)?, table: table.to_owned() })
    }

    /// Readable when there are news.
    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.descriptor()
    }

    /// Reads one datagram of news: whether it tells of a removal, by us or by others, or news were lost.
    pub(crate) fn table_may_be_gone(&mut self) -> io::Result<bool> {
        let replies = match self.socket.receive() {
            Err(error) if error.raw_os_error() == Some(LOST) => return Ok(true),
            received => received?,
        };
        let about_us =
            |body: &[u8]| Attributes(body.get(4..).unwrap_or_default()).text(1).as_ref() == Some(&self.table);
        Ok(replies.iter().any(|reply| reply.kind() == DELETE_TABLE && about_us(&reply.body)))
    }
}
