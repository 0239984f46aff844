//! Puts a plan into the kernel.

use super::plan::publish;
use super::{Action, Chain, Match, Ruleset, Target};
use crate::netlink::nftables::{self, Base, Batch, Ct, Element, Expression, Meta, REGISTER, SetShape};
use crate::{Endpoint, NetworkError, Protocol};

/// nft's numbers of data types; a concatenation has six bits for each part.
mod data_type {
    pub(super) const IPV4: u32 = 7;
    pub(super) const PROTOCOL: u32 = 12;
    pub(super) const PORT: u32 = 13;
    pub(super) const LINK_NAME: u32 = 41;
    pub(super) const TARGET: u32 = IPV4 << 6 | PORT;
    pub(super) const BOUND: u32 = (PROTOCOL << 6 | IPV4) << 6 | PORT;
    pub(super) const ANY: u32 = PROTOCOL << 6 | PORT;
}

/// How the names of all daemons' tables begin.
pub(crate) const TABLE_PREFIX: &str = "knarr-";
/// `IFNAMSIZ`.
const NAME_LENGTH: usize = 16;
const UPLINKS: SetShape =
    SetShape { name: "uplinks", id: 1, key_type: data_type::LINK_NAME, key_length: NAME_LENGTH as u32, value: None };
const BOUND: SetShape =
    SetShape { name: "bound", id: 2, key_type: data_type::BOUND, key_length: 12, value: Some((data_type::TARGET, 8)) };
const ANY: SetShape =
    SetShape { name: "any", id: 3, key_type: data_type::ANY, key_length: 8, value: Some((data_type::TARGET, 8)) };
/// The bits established (2) and related (4) of a connection's state.
const ESTABLISHED: u32 = 6;
/// `IPS_DST_NAT`.
const TRANSLATED: u32 = 32;
/// `RTN_LOCAL`.
const LOCAL: u32 = 2;

/// Replaces the table by this one: at no moment is there none.
pub(crate) fn replace(ruleset: &Ruleset) -> Result<(), NetworkError> {
    let table = &ruleset.table;
    let mut batch = Batch::new();
    batch.add_table(table);
    batch.delete_table(table);
    batch.add_table(table);
    for shape in [&UPLINKS, &BOUND, &ANY] {
        batch.add_set(table, shape);
    }
    let uplinks: Vec<_> = ruleset.uplinks.iter().map(|name| Element { key: link_name(name), value: None }).collect();
    batch.add_elements(table, UPLINKS.name, &uplinks);
    ports(ruleset, |set, elements| batch.add_elements(table, set, elements));
    for chain in &ruleset.chains {
        add_chain(&mut batch, table, chain);
    }
    batch.commit().map_err(NetworkError::kernel(format!("set the firewall table {table}")))
}

/// Publishes an endpoint's ports.
pub(crate) fn add_ports(table: &str, endpoint: &Endpoint) -> Result<(), NetworkError> {
    let mut batch = Batch::new();
    ports(&only(table, endpoint), |set, elements| batch.add_elements(table, set, elements));
    batch.commit().map_err(NetworkError::kernel(format!("publish the ports of {}", endpoint.name)))
}

/// Takes an endpoint's ports back; fine where they are gone.
pub(crate) fn remove_ports(table: &str, endpoint: &Endpoint) -> Result<(), NetworkError> {
    let mut batch = Batch::new();
    ports(&only(table, endpoint), |set, elements| batch.delete_elements(table, set, elements));
    gone_is_fine(batch.commit()).map_err(NetworkError::kernel(format!("withdraw the ports of {}", endpoint.name)))
}

/// Removes the table; fine where there is none.
pub(crate) fn remove_table(table: &str) -> Result<(), NetworkError> {
    let mut batch = Batch::new();
    batch.delete_table(table);
    gone_is_fine(batch.commit()).map_err(NetworkError::kernel(format!("remove the firewall table {table}")))
}

/// Whether the table is there.
pub(crate) fn exists(table: &str) -> Result<bool, NetworkError> {
    Ok(tables()?.iter().any(|name| name == table))
}

/// The tables of knarr's daemons in this network namespace.
pub(crate) fn tables() -> Result<Vec<String>, NetworkError> {
    let names = nftables::tables().map_err(NetworkError::kernel("list the firewall's tables"))?;
    Ok(names.into_iter().filter(|name| name.starts_with(TABLE_PREFIX)).collect())
}

/// The uplinks that a daemon's table guards; none where the table is gone.
pub(crate) fn uplinks(table: &str) -> Result<Option<Vec<String>>, NetworkError> {
    let keys = match nftables::set_keys(table, UPLINKS.name) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        keys => keys.map_err(NetworkError::kernel(format!("list the uplinks of table {table}")))?,
    };
    Ok(Some(keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).map(unpadded).collect()))
}

fn unpadded(name: String) -> String {
    name.trim_end_matches('\0').to_owned()
}

fn gone_is_fine(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A plan that has this endpoint's ports and nothing else.
fn only(table: &str, endpoint: &Endpoint) -> Ruleset {
    let mut ruleset = Ruleset {
        table: table.to_owned(),
        uplinks: Default::default(),
        bound: Default::default(),
        any: Default::default(),
        chains: Vec::new(),
    };
    publish(&mut ruleset, endpoint);
    ruleset
}

/// Calls `each` with every map that has ports, and its elements.
fn ports(ruleset: &Ruleset, mut each: impl FnMut(&str, &[Element])) {
    let bound: Vec<_> = ruleset
        .bound
        .iter()
        .map(|((protocol, address, port), target)| {
            let key = [protocol_key(*protocol), address.octets(), port_key(*port)].concat();
            Element { key, value: Some(target_value(target)) }
        })
        .collect();
    let any: Vec<_> = ruleset
        .any
        .iter()
        .map(|((protocol, port), target)| {
            let key = [protocol_key(*protocol), port_key(*port)].concat();
            Element { key, value: Some(target_value(target)) }
        })
        .collect();
    each(BOUND.name, &bound);
    each(ANY.name, &any);
}

/// Parts of a concatenation begin at multiples of four bytes.
fn protocol_key(protocol: Protocol) -> [u8; 4] {
    [protocol.number(), 0, 0, 0]
}

fn port_key(port: u16) -> [u8; 4] {
    let [high, low] = port.to_be_bytes();
    [high, low, 0, 0]
}

fn target_value(target: &Target) -> Vec<u8> {
    [target.address.octets(), port_key(target.port)].concat()
}

fn link_name(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(NAME_LENGTH, 0);
    bytes
}

fn add_chain(batch: &mut Batch, table: &str, chain: &Chain) {
    batch.add_chain(table, chain.name, chain.kind.as_str(), chain.hook as u32, chain.priority);
    for (matches, action) in &chain.rules {
        let mut expressions: Vec<Expression> = matches.iter().flat_map(condition).collect();
        expressions.extend(outcome(*action));
        batch.add_rule(table, chain.name, expressions);
    }
}

fn condition(condition: &Match) -> Vec<Expression> {
    let name = |key, equal, link: &str| {
        vec![Expression::meta(key, REGISTER), Expression::compare(REGISTER, equal, link_name(link))]
    };
    let uplink = |key| vec![Expression::meta(key, REGISTER), Expression::lookup(UPLINKS.name, REGISTER, None)];
    let bits = |key, bits: u32| {
        let zero = vec![0; 4];
        let mask = Expression::mask(REGISTER, bits.to_ne_bytes().to_vec());
        vec![Expression::ct(key, REGISTER), mask, Expression::compare(REGISTER, false, zero)]
    };
    match condition {
        Match::In(link) => name(Meta::InName, true, link),
        Match::NotIn(link) => name(Meta::InName, false, link),
        Match::Out(link) => name(Meta::OutName, true, link),
        Match::NotOut(link) => name(Meta::OutName, false, link),
        Match::InUplink => uplink(Meta::InName),
        Match::OutUplink => uplink(Meta::OutName),
        Match::Source(subnet) => address(12, *subnet),
        Match::Destination(subnet) => address(16, *subnet),
        Match::Local(local) => {
            let compare = Expression::compare(REGISTER, *local, LOCAL.to_ne_bytes().to_vec());
            vec![Expression::destination_type(REGISTER), compare]
        }
        Match::Established => bits(Ct::State, ESTABLISHED),
        Match::Translated => bits(Ct::Status, TRANSLATED),
    }
}

/// Compares the address at this offset of the IP header.
fn address(offset: u32, subnet: crate::Subnet) -> Vec<Expression> {
    vec![
        Expression::payload(Base::Network, offset, 4, REGISTER),
        Expression::mask(REGISTER, subnet.mask().octets().to_vec()),
        Expression::compare(REGISTER, true, subnet.base().octets().to_vec()),
    ]
}

fn outcome(action: Action) -> Vec<Expression> {
    let transport = Expression::meta(Meta::Transport, REGISTER);
    // TCP, UDP and SCTP have the destination's port in the same place.
    let port = |register| Expression::payload(Base::Transport, 2, 2, register);
    let translate = || Expression::translate_destination(REGISTER, REGISTER + 1);
    match action {
        Action::Accept => vec![Expression::verdict(true)],
        Action::Drop => vec![Expression::verdict(false)],
        Action::Masquerade => vec![Expression::masquerade()],
        Action::PublishBound => {
            let address = Expression::payload(Base::Network, 16, 4, REGISTER + 1);
            let lookup = Expression::lookup(BOUND.name, REGISTER, Some(REGISTER));
            vec![transport, address, port(REGISTER + 2), lookup, translate()]
        }
        Action::PublishAny => {
            let lookup = Expression::lookup(ANY.name, REGISTER, Some(REGISTER));
            vec![transport, port(REGISTER + 1), lookup, translate()]
        }
    }
}
