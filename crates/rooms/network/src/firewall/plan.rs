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

fn publishing() -> Rules {
    vec![(vec![Match::Local(true)], Action::PublishBound), (vec![Match::Local(true)], Action::PublishAny)]
}

/// A container's address is only for its own network, for answers, and for what came to a published port.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mac, Protocol, PublishedPort};

    fn bridge(link: &str, second: u8, internal: bool) -> Bridge {
        Bridge {
            link: link.to_owned(),
            subnet: Subnet::around(Ipv4Addr::new(172, second, 0, 0), 16),
            gateway: Ipv4Addr::new(172, second, 0, 1),
            range: None,
            mtu: 1400,
            internal,
            last: None,
        }
    }

    #[test]
    fn a_table_reads_like_this() {
        let (front, back) = (bridge("knarr0", 17, false), bridge("kn-back", 18, true));
        let port =
            |host_ip, host_port| PublishedPort { protocol: Protocol::Tcp, host_ip, host_port, container_port: 80 };
        let endpoint = Endpoint {
            id: String::new(),
            container: knarr_model::ContainerId::random(),
            name: "web".to_owned(),
            network: String::new(),
            network_name: "bridge".to_owned(),
            address: Ipv4Addr::new(172, 17, 0, 2),
            prefix: 16,
            gateway: None,
            mac: Mac([2, 0, 0, 0, 0, 1]),
            link: "eth0".to_owned(),
            host_link: "kn0".to_owned(),
            ports: vec![port(Ipv4Addr::UNSPECIFIED, 8080), port(Ipv4Addr::LOCALHOST, 8081)],
        };
        let facts = Facts {
            table: "knarr-knarr0",
            bridges: vec![&front, &back],
            endpoints: vec![&endpoint],
            uplinks: &BTreeSet::from(["eth0".to_owned()]),
        };
        insta::assert_snapshot!(plan(&facts));
    }
}
