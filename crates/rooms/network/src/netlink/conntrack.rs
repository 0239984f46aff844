//! Connection tracking (nfnetlink_conntrack): forgetting flows that lead where nobody is any more.

use std::io;
use std::net::Ipv4Addr;

use knarr_netlink::{Attributes, Message, Protocol, Socket, flag};

const GET: u16 = 0x101;
const DELETE: u16 = 0x102;
const FAMILY_IPV4: u8 = 2;
/// `CTA_TUPLE_ORIG`, `CTA_TUPLE_REPLY`, and what is in a tuple.
const ORIGINAL: u16 = 1;
const REPLY: u16 = 2;
const TUPLE_IP: u16 = 1;
const TUPLE_PROTOCOL: u16 = 2;
const IP_SOURCE: u16 = 1;
const PROTOCOL_NUMBER: u16 = 1;
const PROTOCOL_DESTINATION_PORT: u16 = 3;

/// What is known of a flow.
pub(crate) struct Flow {
    /// The transport protocol's number.
    pub(crate) protocol: u8,
    /// The port that the first packet was sent to.
    pub(crate) port: u16,
    /// Who answers.
    pub(crate) answers: Ipv4Addr,
}

/// Forgets the flows for which `wanted` holds: their next packet is looked at anew.
pub(crate) fn forget(wanted: impl Fn(&Flow) -> bool) -> io::Result<()> {
    let mut socket = Socket::open(Protocol::Netfilter)?;
    let replies = socket.dump(|| message(GET, flag::DUMP))?;
    for reply in &replies {
        let attributes = reply.body.get(4..).unwrap_or_default();
        let Some(original) = Attributes(attributes).get(ORIGINAL) else { continue };
        if !parse(original, attributes).is_some_and(|flow| wanted(&flow)) {
            continue;
        }
        match socket.request(message(DELETE, 0).nest(ORIGINAL, |m| m.fixed(original))) {
            // It ended by itself meanwhile.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// `struct nfgenmsg` of the IPv4 family.
fn message(kind: u16, flags: u16) -> Message {
    Message::new(kind, flags).fixed(&[FAMILY_IPV4, 0, 0, 0])
}

fn parse(original: &[u8], attributes: &[u8]) -> Option<Flow> {
    let transport = Attributes(original).get(TUPLE_PROTOCOL)?;
    let port = Attributes(transport).get(PROTOCOL_DESTINATION_PORT)?;
    let reply = Attributes(attributes).get(REPLY)?;
    let source = Attributes(Attributes(reply).get(TUPLE_IP)?).get(IP_SOURCE)?;
    Some(Flow {
        protocol: *Attributes(transport).get(PROTOCOL_NUMBER)?.first()?,
        port: u16::from_be_bytes(*port.first_chunk()?),
        answers: Ipv4Addr::from(*source.first_chunk::<4>()?),
    })
}
