//! Moving network devices into the container's namespace: renamed, with their addresses, and up.
//!
//! When the namespace goes, the kernel gives a physical device back to the first namespace of the host and removes a
//! virtual one.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use knarr_netlink::{Attributes, Message, Protocol, Socket, flag};

use crate::plan::NetDevicePlan;
use crate::{Error, Result};

const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
/// `IFLA_IFNAME`, `IFLA_NET_NS_FD`.
const NAME: u16 = 3;
const NAMESPACE: u16 = 28;
/// `IFA_FLAGS`; `IFA_F_PERMANENT`: not one that a router or a server has given for a while.
const FLAGS: u16 = 8;
const PERMANENT: u32 = 0x80;
/// `IFA_CACHEINFO`: how long it lives, which a permanent one does for ever.
const CACHE: u16 = 6;
const UP: u32 = 1;
/// Size of `struct ifaddrmsg`.
const ADDRESS_HEAD: usize = 8;
/// Size of `struct ifinfomsg`.
const LINK_HEAD: usize = 16;
const GLOBAL: u8 = 0;

/// An address, as the kernel told it: the head, in which the device's index is the last word, and the attributes.
struct Address {
    head: [u8; ADDRESS_HEAD],
    attributes: Vec<(u16, Vec<u8>)>,
}

/// Moves the devices to the network namespace of process `pid`.
pub fn move_into(devices: &[NetDevicePlan], pid: i32) -> Result<()> {
    if devices.is_empty() {
        return Ok(());
    }
    let path = format!("/proc/{pid}/ns/net");
    let namespace = File::open(&path).map_err(|e| Error::io("open the namespace", path, e))?.into();
    devices.iter().try_for_each(|device| {
        one(device, &namespace).map_err(|e| Error::io("move the network device", device.name.as_str(), e))
    })
}

fn one(device: &NetDevicePlan, namespace: &OwnedFd) -> io::Result<()> {
    let mut outside = Socket::open(Protocol::Route)?;
    let index = index(&mut outside, &device.name)?;
    let addresses = addresses(&mut outside, index)?;
    let renamed = Message::new(NEW_LINK, 0).fixed(&link(index, 0)).text(NAME, &device.inside);
    outside.request(renamed.number(NAMESPACE, namespace.as_raw_fd() as u32))?;
    knarr_sys::netns::inside(namespace.as_fd(), || -> io::Result<()> {
        let mut inside = Socket::open(Protocol::Route)?;
        let index = self::index(&mut inside, &device.inside)?;
        for address in addresses {
            inside.request(address.message(index))?;
        }
        inside.request(Message::new(NEW_LINK, 0).fixed(&link(index, UP)))
    })
}

/// `struct ifinfomsg` with these flags set.
fn link(index: u32, flags: u32) -> [u8; LINK_HEAD] {
    let mut head = [0; LINK_HEAD];
    head[4..8].copy_from_slice(&index.to_ne_bytes());
    head[8..12].copy_from_slice(&flags.to_ne_bytes());
    head[12..16].copy_from_slice(&flags.to_ne_bytes());
    head
}

fn index(socket: &mut Socket, name: &str) -> io::Result<u32> {
    let found = socket.ask(Message::new(GET_LINK, 0).fixed(&link(0, 0)).text(NAME, name))?;
    let index = found.body.get(4..8).and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_ne_bytes(*bytes));
    index.ok_or_else(|| io::Error::other("the kernel's answer was cut off"))
}

/// The addresses that shall stay: those of the whole network that nobody has given for a while only.
fn addresses(socket: &mut Socket, index: u32) -> io::Result<Vec<Address>> {
    let replies = socket.dump(|| Message::new(GET_ADDRESS, flag::DUMP).fixed(&[0; ADDRESS_HEAD]))?;
    Ok(replies
        .iter()
        .filter_map(|reply| Address::read(&reply.body))
        .filter(|a| a.index() == index && a.stays())
        .collect())
}

impl Address {
    fn read(body: &[u8]) -> Option<Self> {
        let head = *body.first_chunk()?;
        let attributes = Attributes(&body[ADDRESS_HEAD..]).map(|(kind, data)| (kind, data.to_vec())).collect();
        Some(Self { head, attributes })
    }

    fn index(&self) -> u32 {
        u32::from_ne_bytes([self.head[4], self.head[5], self.head[6], self.head[7]])
    }

    fn stays(&self) -> bool {
        let (flags, scope) = (self.head[2], self.head[3]);
        let long = self.attributes.iter().find(|(kind, _)| *kind == FLAGS).and_then(|(_, data)| data.first_chunk());
        let flags = long.map_or(flags.into(), |bytes| u32::from_ne_bytes(*bytes));
        scope == GLOBAL && flags & PERMANENT != 0
    }

    /// The request that gives it to a device.
    fn message(mut self, index: u32) -> Message {
        self.head[4..8].copy_from_slice(&index.to_ne_bytes());
        let message = Message::new(NEW_ADDRESS, flag::NEW).fixed(&self.head);
        let kept = self.attributes.into_iter().filter(|(kind, _)| !matches!(*kind, CACHE | NAME_OF_ADDRESS));
        kept.fold(message, |message, (kind, data)| message.attribute(kind, &data))
    }
}

/// `IFA_LABEL`: the name that the device had.
const NAME_OF_ADDRESS: u16 = 3;
