//! Published ports: what is asked, what was given, and the sockets that hold them on the host.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::str::FromStr;
use std::time::Duration;

use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, ipproto, listen, socket_with};
use serde::{Deserialize, Serialize};

use crate::NetworkError;

/// A transport protocol whose ports can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The number in an IP header.
    pub fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }
}

impl FromStr for Protocol {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            "sctp" => Ok(Self::Sctp),
            _ => Err(NetworkError::Invalid(format!("invalid proto: {}", text.chars().take(40).collect::<String>()))),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

/// A port to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRequest {
    /// The transport.
    pub protocol: Protocol,
    /// The host's address; all of them where unspecified.
    pub host_ip: Ipv4Addr,
    /// The host's port: one of this inclusive range; any free one where none.
    pub host_ports: Option<(u16, u16)>,
    /// The container's port, not zero.
    pub container_port: u16,
}

impl PortRequest {
    /// Checks what no type can.
    pub(crate) fn validate(&self) -> Result<(), NetworkError> {
        let wrong = |what: &str| Err(NetworkError::Invalid(format!("invalid port {self}: {what}")));
        match self.host_ports {
            _ if self.container_port == 0 => wrong("the container's port must not be 0"),
            Some((first, last)) if first == 0 || first > last => {
                wrong("the host's range must ascend and begin above 0")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for PortRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.host_ip)?;
        match self.host_ports {
            Some((first, last)) if first == last => write!(f, "{first}")?,
            Some((first, last)) => write!(f, "{first}-{last}")?,
            None => {}
        }
        write!(f, ":{}/{}", self.container_port, self.protocol)
    }
}

/// A port that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedPort {
    /// The transport.
    pub protocol: Protocol,
    /// The host's address; all of them where unspecified.
    pub host_ip: Ipv4Addr,
    /// The host's port.
    pub host_port: u16,
    /// The container's port.
    pub container_port: u16,
}

impl PublishedPort {
    /// Whether both want the same port of the same address.
    pub(crate) fn collides(&self, other: &Self) -> bool {
        let same_address =
            self.host_ip == other.host_ip || self.host_ip.is_unspecified() || other.host_ip.is_unspecified();
        self.protocol == other.protocol && self.host_port == other.host_port && same_address
    }
}

/// A host port that nobody else can bind while this lives. Nothing listens on it: the firewall redirects what comes in
/// before it could arrive. None where the kernel has no such protocol, and then nobody can bind it.
#[derive(Debug)]
pub(crate) struct Reservation(#[expect(dead_code, reason = "held for its effect on other sockets")] Option<OwnedFd>);

/// A child of ours between fork and exec has a copy of every socket, also of one that was closed meanwhile: a port that was
/// just freed can stay busy for a moment, of which nothing tells the end.
const LINGER: Duration = Duration::from_millis(10);
const ATTEMPTS: u32 = 4;

/// Reserves a port; zero lets the kernel choose. Returns the port that it is.
pub(crate) fn reserve(protocol: Protocol, address: Ipv4Addr, port: u16) -> io::Result<(Reservation, u16)> {
    for _ in 1..ATTEMPTS {
        match try_reserve(protocol, address, port) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => std::thread::sleep(LINGER),
            result => return result,
        }
    }
    try_reserve(protocol, address, port)
}

fn try_reserve(protocol: Protocol, address: Ipv4Addr, port: u16) -> io::Result<(Reservation, u16)> {
    let wanted = SocketAddrV4::new(address, port);
    let fd = match open(protocol) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PROTONOSUPPORT.raw_os_error()) && port != 0 => {
            return Ok((Reservation(None), port));
        }
        opened => opened?,
    };
    match bind(&fd, &wanted) {
        // Connections in TIME_WAIT block a plain bind, but not a listener that may reuse the address: only a live
        // socket blocks both.
        Err(rustix::io::Errno::ADDRINUSE) if protocol == Protocol::Tcp => {
            set_socket_reuseaddr(&fd, true)?;
            bind(&fd, &wanted)?;
            listen(&fd, 1)?;
        }
        bound => bound?,
    }
    let bound = SocketAddrV4::try_from(getsockname(&fd)?).map_err(|_| io::Error::other("not an IPv4 socket"))?;
    Ok((Reservation(Some(fd)), bound.port()))
}

fn open(protocol: Protocol) -> io::Result<OwnedFd> {
    let (kind, number) = match protocol {
        Protocol::Tcp => (SocketType::STREAM, ipproto::TCP),
        Protocol::Udp => (SocketType::DGRAM, ipproto::UDP),
        Protocol::Sctp => (SocketType::STREAM, ipproto::SCTP),
    };
    Ok(socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, Some(number))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_cannot_be_bound_by_another() {
        let (held, port) = reserve(Protocol::Tcp, Ipv4Addr::LOCALHOST, 0).unwrap();
        assert!(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err());
        let busy = reserve(Protocol::Tcp, Ipv4Addr::LOCALHOST, port).unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::AddrInUse);
        drop(held);
        assert!(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }

    #[test]
    fn ports_collide_on_a_shared_address_only() {
        let port =
            |host_ip, host_port| PublishedPort { protocol: Protocol::Tcp, host_ip, host_port, container_port: 1 };
        let (all, one, two) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(1, 0, 0, 1), Ipv4Addr::new(1, 0, 0, 2));
        assert!(port(all, 80).collides(&port(one, 80)));
        assert!(!port(two, 80).collides(&port(one, 80)));
        assert!(!port(all, 80).collides(&port(all, 81)));
    }

    #[test]
    fn wrong_requests_are_refused() {
        let request = PortRequest {
            protocol: Protocol::Tcp,
            host_ip: Ipv4Addr::UNSPECIFIED,
            host_ports: Some((90, 80)),
            container_port: 80,
        };
        assert!(request.validate().is_err());
        assert!(PortRequest { host_ports: Some((0, 80)), ..request.clone() }.validate().is_err());
        assert!(PortRequest { host_ports: None, container_port: 0, ..request }.validate().is_err());
    }
}
