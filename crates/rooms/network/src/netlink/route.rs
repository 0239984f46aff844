//! rtnetlink(7): links, addresses and routes of one network namespace, IPv4.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use knarr_netlink::{Attributes, Message, Protocol, Reply, Socket, flag};

use crate::{Mac, NetworkError, Subnet};

const NEWLINK: u16 = 16;
const DELLINK: u16 = 17;
const GETLINK: u16 = 18;
const SETLINK: u16 = 19;
const NEWADDR: u16 = 20;
const GETADDR: u16 = 22;
const NEWROUTE: u16 = 24;
const GETROUTE: u16 = 26;
const FAMILY_IPV4: u8 = 2;
const FAMILY_BRIDGE: u8 = 7;
const UP: u32 = 1;
/// `IFLA_PROTINFO` of a bridge's member, and its `IFLA_BRPORT_MODE`.
const PROTINFO: u16 = 12;
const BRPORT_MODE: u16 = 4;

/// Attributes of a link (linux/if_link.h).
mod ifla {
    pub(super) const ADDRESS: u16 = 1;
    pub(super) const IFNAME: u16 = 3;
    pub(super) const MTU: u16 = 4;
    pub(super) const MASTER: u16 = 10;
    pub(super) const LINKINFO: u16 = 18;
    pub(super) const GROUP: u16 = 27;
    pub(super) const NET_NS_FD: u16 = 28;
    pub(super) const INFO_KIND: u16 = 1;
    pub(super) const INFO_DATA: u16 = 2;
    pub(super) const VETH_PEER: u16 = 1;
}

/// Attributes of a route (linux/rtnetlink.h).
mod rta {
    pub(super) const DST: u16 = 1;
    pub(super) const OIF: u16 = 4;
    pub(super) const GATEWAY: u16 = 5;
    pub(super) const TABLE: u16 = 15;
}

const IFA_LOCAL: u16 = 2;
const MAIN_TABLE: u32 = 254;

/// A link as the kernel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its number in its namespace.
    pub(crate) index: u32,
    /// Its name.
    pub(crate) name: String,
    /// Largest packet in bytes.
    pub(crate) mtu: u32,
    /// The bridge it belongs to.
    pub(crate) master: Option<u32>,
    /// Whether it is a bridge that knarr made.
    pub(crate) ours: bool,
}

/// The group of the bridges that knarr makes: a link of the same name that somebody else made is left alone.
const OUR_GROUP: u32 = 0x6b6e;

/// An IPv4 route of the main table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Where to; the zero prefix is the default route.
    pub(crate) destination: Subnet,
    /// Out of which link.
    pub(crate) link: Option<u32>,
}

/// What to change of a link.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LinkChange {
    /// Bring it up.
    pub(crate) up: bool,
    /// Put it into this bridge.
    pub(crate) master: Option<u32>,
    /// Give it this hardware address.
    pub(crate) mac: Option<Mac>,
    /// Largest packet in bytes.
    pub(crate) mtu: Option<u32>,
}

/// A conversation with the kernel about the namespace in which it was opened.
pub(crate) struct Links {
    socket: Socket,
}

type Result<T> = std::result::Result<T, NetworkError>;

impl Links {
    /// Opens a socket in the calling thread's namespace.
    pub(crate) fn open() -> Result<Self> {
        let socket = Socket::open(Protocol::Route).map_err(NetworkError::kernel("open a netlink socket"))?;
        Ok(Self { socket })
    }

    /// All links.
    pub(crate) fn all(&mut self) -> Result<Vec<Link>> {
        let replies = self.dump("list links", || Message::new(GETLINK, flag::DUMP).fixed(&link_head(0, 0)))?;
        Ok(replies.iter().filter_map(|reply| parse_link(&reply.body)).collect())
    }

    /// The link of this name.
    pub(crate) fn find(&mut self, name: &str) -> Result<Option<Link>> {
        let message = || Message::new(GETLINK, 0).fixed(&link_head(0, 0)).text(ifla::IFNAME, name);
        match self.socket.ask(message()) {
            Ok(reply) => Ok(parse_link(&reply.body)),
            Err(error) if error.raw_os_error() == Some(NO_DEVICE) => Ok(None),
            Err(error) => Err(NetworkError::kernel(format!("look up link {name}"))(error)),
        }
    }

    /// The link of this name; an error where there is none.
    pub(crate) fn expect(&mut self, name: &str) -> Result<Link> {
        let missing = || NetworkError::kernel(format!("find link {name}"))(io::Error::from(io::ErrorKind::NotFound));
        self.find(name)?.ok_or_else(missing)
    }

    /// Has the kernel bring a link's carrier state up to date now, which it otherwise does a little later: looking at a
    /// link does that.
    pub(crate) fn settle(&mut self, name: &str) -> Result<()> {
        self.expect(name).map(drop)
    }

    /// Makes a bridge. Its hardware address is given, because one that follows its members changes with them.
    pub(crate) fn create_bridge(&mut self, name: &str, mac: Mac, mtu: u32) -> Result<()> {
        let message = Message::new(NEWLINK, flag::NEW)
            .fixed(&link_head(0, 0))
            .text(ifla::IFNAME, name)
            .attribute(ifla::ADDRESS, &mac.0)
            .number(ifla::MTU, mtu)
            .number(ifla::GROUP, OUR_GROUP)
            .nest(ifla::LINKINFO, |m| m.attribute(ifla::INFO_KIND, b"bridge"));
        self.request(format!("create bridge {name}"), message)
    }

    /// Makes a veth pair: `name` here, `peer` inside `namespace`.
    pub(crate) fn create_veth(&mut self, name: &str, peer: &str, namespace: BorrowedFd<'_>, mtu: u32) -> Result<()> {
        let namespace = namespace.as_raw_fd() as u32;
        let far = |m: Message| {
            m.fixed(&link_head(0, 0)).text(ifla::IFNAME, peer).number(ifla::MTU, mtu).number(ifla::NET_NS_FD, namespace)
        };
        let message = Message::new(NEWLINK, flag::NEW)
            .fixed(&link_head(0, 0))
            .text(ifla::IFNAME, name)
            .number(ifla::MTU, mtu)
            .nest(ifla::LINKINFO, |m| {
                m.attribute(ifla::INFO_KIND, b"veth").nest(ifla::INFO_DATA, |m| m.nest(ifla::VETH_PEER, far))
            });
        self.request(format!("create veth pair {name}"), message)
    }

    /// Changes a link in one step.
    pub(crate) fn change(&mut self, index: u32, change: LinkChange) -> Result<()> {
        let mut message = Message::new(NEWLINK, 0).fixed(&link_head(index, if change.up { UP } else { 0 }));
        if let Some(mac) = change.mac {
            message = message.attribute(ifla::ADDRESS, &mac.0);
        }
        if let Some(mtu) = change.mtu {
            message = message.number(ifla::MTU, mtu);
        }
        if let Some(master) = change.master {
            message = message.number(ifla::MASTER, master);
        }
        self.request(format!("change link {index}"), message)
    }

    /// Lets a bridge send a frame back to the member that it came from.
    pub(crate) fn set_hairpin(&mut self, index: u32) -> Result<()> {
        let mut head = link_head(index, 0);
        head[0] = FAMILY_BRIDGE;
        let message = Message::new(SETLINK, 0).fixed(&head).nest(PROTINFO, |m| m.attribute(BRPORT_MODE, &[1]));
        self.request(format!("set link {index} to hairpin mode"), message)
    }

    /// Removes a link, and a veth's peer with it; fine where it is gone already.
    pub(crate) fn delete(&mut self, name: &str) -> Result<()> {
        let message = Message::new(DELLINK, 0).fixed(&link_head(0, 0)).text(ifla::IFNAME, name);
        match self.socket.request(message) {
            Err(error) if error.raw_os_error() != Some(NO_DEVICE) => {
                Err(NetworkError::kernel(format!("delete link {name}"))(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes a bridge that knarr made; fine where there is none.
    pub(crate) fn delete_bridge(&mut self, name: &str) -> Result<()> {
        match self.find(name)? {
            Some(link) if link.ours => self.delete(name),
            _ => Ok(()),
        }
    }

    /// Gives a link an address, with the broadcast address of its subnet; fine where it has it already.
    pub(crate) fn add_address(&mut self, index: u32, address: Ipv4Addr, prefix: u8) -> Result<()> {
        let mut head = vec![FAMILY_IPV4, prefix, 0, 0];
        head.extend(index.to_ne_bytes());
        let broadcast = Subnet::around(address, prefix).broadcast();
        let message = Message::new(NEWADDR, flag::NEW)
            .fixed(&head)
            .attribute(IFA_LOCAL, &address.octets())
            .attribute(1, &address.octets())
            .attribute(4, &broadcast.octets());
        match self.socket.request(message) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(NetworkError::kernel(format!("add address {address}/{prefix}"))(error))
            }
            _ => Ok(()),
        }
    }

    /// All addresses: link, address, prefix.
    pub(crate) fn addresses(&mut self) -> Result<Vec<(u32, Ipv4Addr, u8)>> {
        let head = [FAMILY_IPV4, 0, 0, 0, 0, 0, 0, 0];
        let replies = self.dump("list addresses", || Message::new(GETADDR, flag::DUMP).fixed(&head))?;
        Ok(replies.iter().filter_map(|reply| parse_address(&reply.body)).collect())
    }

    /// Sends everything that has no better route to `gateway`.
    pub(crate) fn add_default_route(&mut self, gateway: Ipv4Addr) -> Result<()> {
        let message = Message::new(NEWROUTE, flag::NEW)
            .fixed(&[FAMILY_IPV4, 0, 0, 0, MAIN_TABLE as u8, 3, 0, 1, 0, 0, 0, 0])
            .attribute(rta::GATEWAY, &gateway.octets());
        match self.socket.request(message) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(NetworkError::kernel(format!("add the default route by {gateway}"))(error))
            }
            _ => Ok(()),
        }
    }

    /// The main table's routes.
    pub(crate) fn routes(&mut self) -> Result<Vec<Route>> {
        let head = [FAMILY_IPV4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let replies = self.dump("list routes", || Message::new(GETROUTE, flag::DUMP).fixed(&head))?;
        Ok(replies.iter().filter_map(|reply| parse_route(&reply.body)).collect())
    }

    fn request(&mut self, operation: String, message: Message) -> Result<()> {
        self.socket.request(message).map_err(NetworkError::kernel(operation))
    }

    fn dump(&mut self, operation: &str, message: impl Fn() -> Message) -> Result<Vec<Reply>> {
        self.socket.dump(message).map_err(NetworkError::kernel(operation))
    }
}

/// `ENODEV`.
const NO_DEVICE: i32 = 19;

/// `struct ifinfomsg`: the flags are also the mask of what changes.
fn link_head(index: u32, flags: u32) -> [u8; 16] {
    let mut head = [0; 16];
    head[4..8].copy_from_slice(&index.to_ne_bytes());
    head[8..12].copy_from_slice(&flags.to_ne_bytes());
    head[12..16].copy_from_slice(&flags.to_ne_bytes());
    head
}

fn number_at(body: &[u8], offset: usize) -> Option<u32> {
    body.get(offset..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn ipv4(data: &[u8]) -> Option<Ipv4Addr> {
    data.first_chunk().map(|bytes: &[u8; 4]| Ipv4Addr::from(*bytes))
}

fn parse_link(body: &[u8]) -> Option<Link> {
    let attributes = body.get(16..)?;
    Some(Link {
        index: number_at(body, 4)?,
        name: Attributes(attributes).text(ifla::IFNAME)?,
        mtu: Attributes(attributes).number(ifla::MTU)?,
        master: Attributes(attributes).number(ifla::MASTER),
        ours: Attributes(attributes).number(ifla::GROUP) == Some(OUR_GROUP),
    })
}

fn parse_address(body: &[u8]) -> Option<(u32, Ipv4Addr, u8)> {
    let address = Attributes(body.get(8..)?).get(IFA_LOCAL).and_then(ipv4)?;
    Some((number_at(body, 4)?, address, body[1]))
}

fn parse_route(body: &[u8]) -> Option<Route> {
    let attributes = body.get(12..)?;
    let table = Attributes(attributes).number(rta::TABLE).unwrap_or(u32::from(body[4]));
    if table != MAIN_TABLE || body[0] != FAMILY_IPV4 {
        return None;
    }
    let address = Attributes(attributes).get(rta::DST).and_then(ipv4).unwrap_or(Ipv4Addr::UNSPECIFIED);
    Some(Route { destination: Subnet::around(address, body[1]), link: Attributes(attributes).number(rta::OIF) })
}
