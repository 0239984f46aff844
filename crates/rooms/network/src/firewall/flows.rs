//! Datagram flows outlive what they were translated by: a client that goes on sending from the same port would be led to
//! a container that has gone, or past one that has come. TCP notices by itself.

use crate::Endpoint;
use crate::Protocol;
use crate::netlink::conntrack::{self, Flow};

/// Forgets the flows to an endpoint's published UDP ports. A kernel that cannot list flows forgets them by their timeout.
pub(crate) fn forget_flows(endpoint: &Endpoint) {
    let ports: Vec<u16> =
        endpoint.ports.iter().filter(|port| port.protocol == Protocol::Udp).map(|port| port.host_port).collect();
    if ports.is_empty() {
        return;
    }
    let ours = |flow: &Flow| {
        flow.protocol == Protocol::Udp.number() && (ports.contains(&flow.port) || flow.answers == endpoint.address)
    };
    if let Err(error) = conntrack::forget(ours) {
        tracing::debug!(%error, container = endpoint.name, "cannot forget datagram flows");
    }
}
