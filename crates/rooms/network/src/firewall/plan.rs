//! From networks and endpoints to a table: a pure function.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::{Action, Chain, Hook, Kind, Match, Ruleset, Target};
use crate::{Bridge, Endpoint, Subnet};

/// What the plan is made from.
pub(crate) struct Facts<'a> {
    /// The table's name.
    pub(crate) table: &'a str,
    /// All bridges.
    pub(crate) bridges: Vec<&'a Bridge>,
    /// All endpoints.
    pub(crate) endpoints: Vec<&'a Endpoint>,
    /// Links of the host that were not routed between before there were bridges.
    pub(crate) uplinks: &'a BTreeSet<String>,
}

/// The table for these facts.
pub(crate) fn plan(facts: &Facts<'_>) -> Ruleset {
    let mut ruleset = Ruleset {
        table: facts.table.to_owned(),
        uplinks: facts.uplinks.clone(),
        bound: Default::default(),
        any: Default::default(),
        chains: chains(&facts.bridges),
    };
    for endpoint in &facts.endpoints {
        publish(&mut ruleset, endpoint);
    }
    ruleset
}

/// Adds an endpoint's ports to the maps.
pub(super) fn publish(ruleset: &mut Ruleset, endpoint: &Endpoint) {
    for port in &endpoint.ports {
        let target = Target { address: endpoint.address, port: port.container_port };
        if port.host_ip.is_unspecified() {
            ruleset.any.insert((port.protocol, port.host_port), target);
        } else {
            ruleset.bound.insert((port.protocol, port.host_ip, port.host_port), target);
        }
    }
}

fn chains(bridges: &[&Bridge]) -> Vec<Chain> {
    let nat = |name, hook, priority, rules| Chain { name, kind: Kind::Nat, hook, priority, rules };
    let filter = |name, hook, priority, rules| Chain { name, kind: Kind::Filter, hook, priority, rules };
    vec![
        filter("loopback", Hook::Prerouting, -300, loopback()),
        filter("guard", Hook::Prerouting, -150, guard(bridges)),
        nat("publish", Hook::Prerouting, -100, publishing()),
        nat("publish-host", Hook::Output, -100, publishing()),
        filter("isolate", Hook::Forward, 0, isolate(bridges)),
        nat("leave", Hook::Postrouting, 100, leave(bridges)),
    ]
}

type Rules = Vec<(Vec<Match>, Action)>;

fn loopback_net() -> Subnet {
    Subnet::around(Ipv4Addr::LOCALHOST, 8)
}

/// Because bridges route 127.0.0.0/8 (for ports published there), nothing on a wire may claim such an address.
fn loopback() -> Rules {
    let wire = || Match::NotIn("lo".to_owned());
    vec![
        (vec![wire(), Match::Destination(loopback_net())], Action::Drop),
        (vec![wire(), Match::Source(loopback_net())], Action::Drop),
    ]
}

/// Before any translation a container's address is only for its own network and for answers.
fn guard(bridges: &[&Bridge]) -> Rules {
    let mut rules = vec![(vec![Match::Established], Action::Accept)];
    rules.extend(bridges.iter().map(|bridge| {
        let matches = vec![Match::NotIn(bridge.link.clone()), Match::Destination(bridge.subnet), Match::Local(false)];
        (matches, Action::Drop)
    }));
    rules
}

fn publishing() -> Rules {
    vec![(vec![Match::Local(true)], Action::PublishBound), (vec![Match::Local(true)], Action::PublishAny)]
}

fn isolate(bridges: &[&Bridge]) -> Rules {
    let mut rules = vec![(vec![Match::Established], Action::Accept)];
    for bridge in bridges.iter().filter(|bridge| bridge.internal) {
        rules.push((vec![Match::In(bridge.link.clone()), Match::NotOut(bridge.link.clone())], Action::Drop));
    }
    rules.push((vec![Match::Translated], Action::Accept));
    for bridge in bridges {
        rules.push((vec![Match::In(bridge.link.clone()), Match::Out(bridge.link.clone())], Action::Accept));
    }
    rules.extend(bridges.iter().map(|bridge| (vec![Match::Out(bridge.link.clone())], Action::Drop)));
    rules.push((vec![Match::InUplink, Match::OutUplink], Action::Drop));
    rules
}

fn leave(bridges: &[&Bridge]) -> Rules {
    let mut rules = Vec::new();
    for bridge in bridges {
        let (link, subnet) = (bridge.link.clone(), bridge.subnet);
        // A port published on loopback: the container answers to the bridge.
        rules.push((vec![Match::Out(link.clone()), Match::Source(loopback_net())], Action::Masquerade));
        // A container that uses a port published by its own network: the answer must come back through the host.
        let hairpin = vec![Match::Out(link.clone()), Match::Source(subnet), Match::Translated];
        rules.push((hairpin, Action::Masquerade));
        if !bridge.internal {
            rules.push((vec![Match::NotOut(link), Match::Source(subnet)], Action::Masquerade));
        }
    }
    rules
}
