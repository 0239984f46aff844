//! The netlink socket: request and acknowledgement, dumps, nfnetlink batches. Synchronous; the kernel answers within
//! the call, and a deadline guards against one that does not.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_send_buffer_size_force, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with};

use crate::message::{HEAD, Message};

/// How long the kernel may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Room for the largest batch: a firewall with thousands of published ports.
const SEND_BUFFER: usize = 8 << 20;
/// The kernel fills dumps up to 32 KiB a datagram.
const RECEIVE_BUFFER: usize = 64 << 10;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_DUMP_INTR`: the table changed under the dump.
const INTERRUPTED: u16 = 0x10;

/// Which netlink family.
#[derive(Debug, Clone, Copy)]
pub enum Protocol {
    /// Links, addresses, routes.
    Route,
    /// nf_tables.
    Netfilter,
}

/// A netlink socket of the network namespace in which it was opened, wherever it is used later.
pub struct Socket {
    fd: OwnedFd,
    sequence: u32,
}

/// One message of an answer.
pub struct Reply {
    kind: u16,
    flags: u16,
    sequence: u32,
    /// What follows the head.
    pub body: Vec<u8>,
}

impl Socket {
    /// Opens a socket in the calling thread's namespace.
    pub fn open(protocol: Protocol) -> io::Result<Self> {
        Self::subscribe(protocol, 0)
    }

    /// Opens a socket that also hears the multicast groups of this bit mask.
    pub fn subscribe(protocol: Protocol, groups: u32) -> io::Result<Self> {
        let family = match protocol {
            // NETLINK_ROUTE is number 0, the family's default.
            Protocol::Route => None,
            Protocol::Netfilter => Some(netlink::NETFILTER),
        };
        let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, family)?;
        bind(&fd, &SocketAddrNetlink::new(0, groups))?;
        if groups == 0 {
            set_socket_timeout(&fd, Timeout::Recv, Some(DEADLINE))?;
        }
        Ok(Self { fd, sequence: 0 })
    }

    /// Sends one request and waits for its acknowledgement.
    pub fn request(&mut self, message: Message) -> io::Result<()> {
        let sequence = self.send(message.with_ack())?;
        self.acknowledged(sequence, sequence)
    }

    /// Sends one request whose answer is one message.
    pub fn ask(&mut self, message: Message) -> io::Result<Reply> {
        let sequence = self.send(message)?;
        loop {
            for reply in self.receive()?.into_iter().filter(|reply| reply.sequence == sequence) {
                if reply.kind != ERROR {
                    return Ok(reply);
                }
                reply.error()?;
            }
        }
    }

    /// Sends a dump request and collects the answers; asked again where the table changed meanwhile.
    pub fn dump(&mut self, message: impl Fn() -> Message) -> io::Result<Vec<Reply>> {
        loop {
            let sequence = self.send(message())?;
            if let Some(replies) = self.collect(sequence)? {
                return Ok(replies);
            }
        }
    }

    /// Sends an nfnetlink batch: all of it takes effect or nothing.
    pub fn batch(&mut self, begin: Message, messages: Vec<Message>, end: Message) -> io::Result<()> {
        let count = messages.len();
        let first = self.sequence + 1;
        let mut bytes = begin.finish(first);
        for (offset, message) in messages.into_iter().enumerate() {
            let message = if offset + 1 == count { message.with_ack() } else { message };
            bytes.extend(message.finish(first + 1 + offset as u32));
        }
        let last = first + count as u32;
        bytes.extend(end.finish(last + 1));
        self.sequence = last + 1;
        self.send_bytes(&bytes)?;
        self.acknowledged(first, last)
    }

    /// The descriptor, for poll(2).
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Waits for the next datagram; for sockets that subscribed to groups.
    pub fn receive(&mut self) -> io::Result<Vec<Reply>> {
        let mut buffer = vec![0; RECEIVE_BUFFER];
        let (length, actual) = retry(|| recv(&self.fd, &mut buffer[..], RecvFlags::TRUNC))?;
        if actual > length {
            return Err(io::Error::other("the kernel's answer was cut off"));
        }
        Ok(parse(&buffer[..length]))
    }

    fn send(&mut self, message: Message) -> io::Result<u32> {
        self.sequence += 1;
        self.send_bytes(&message.finish(self.sequence))?;
        Ok(self.sequence)
    }

    fn send_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > RECEIVE_BUFFER {
            set_socket_send_buffer_size_force(&self.fd, SEND_BUFFER)?;
        }
        retry(|| send(&self.fd, bytes, SendFlags::empty())).map(drop)
    }

    /// Waits for the acknowledgement of `last`, or the first error from `first` on.
    fn acknowledged(&mut self, first: u32, last: u32) -> io::Result<()> {
        loop {
            for reply in self.receive()? {
                if reply.kind != ERROR || reply.sequence < first {
                    continue;
                }
                reply.error()?;
                if reply.sequence == last {
                    return Ok(());
                }
            }
        }
    }

    fn collect(&mut self, sequence: u32) -> io::Result<Option<Vec<Reply>>> {
        let mut replies = Vec::new();
        let mut whole = true;
        loop {
            for reply in self.receive()?.into_iter().filter(|reply| reply.sequence == sequence) {
                whole &= reply.flags & INTERRUPTED == 0;
                match reply.kind {
                    ERROR => reply.error()?,
                    DONE => return Ok(whole.then_some(replies)),
                    _ => replies.push(reply),
                }
            }
        }
    }
}

impl Reply {
    /// The message's type.
    pub fn kind(&self) -> u16 {
        self.kind
    }

    /// `struct nlmsgerr` begins with a negated errno, zero for an acknowledgement.
    fn error(&self) -> io::Result<()> {
        match self.body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)) {
            Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(-errno)),
            None => Err(io::Error::other("the kernel's answer was cut off")),
        }
    }
}

fn parse(mut bytes: &[u8]) -> Vec<Reply> {
    let mut replies = Vec::new();
    while bytes.len() >= HEAD {
        let length = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        let Some(body) = bytes.get(HEAD..length) else { break };
        replies.push(Reply {
            kind: u16::from_ne_bytes([bytes[4], bytes[5]]),
            flags: u16::from_ne_bytes([bytes[6], bytes[7]]),
            sequence: u32::from_ne_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
            body: body.to_vec(),
        });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    replies
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}
