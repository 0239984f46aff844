//! `network create`.

use std::net::Ipv4Addr;
use std::sync::Arc;

use knarr_api::network::{CreateRequest, CreateResponse, IpamConfig};
use knarr_model::{Fault, Kind, Result};
use knarr_network::{NewNetwork, Subnet};

use super::event;
use crate::Engine;
use crate::engine::blocking;

impl Engine {
    /// Makes a bridge network.
    pub async fn create_network(self: &Arc<Self>, request: CreateRequest) -> Result<CreateResponse> {
        let new = plan(request)?;
        let networks = self.networks()?;
        let network = blocking(move || Ok(networks.create(new)?)).await?;
        self.events.publish(event("create", &network));
        Ok(CreateResponse { id: network.id, warning: String::new() })
    }
}

/// The request in the network room's words; what this version does not do is refused.
fn plan(request: CreateRequest) -> Result<NewNetwork> {
    let unsupported =
        |what: &str| Fault::new(Kind::Unsupported, format!("cannot create network: {what} is not supported"));
    if request.enable_ipv6 == Some(true) {
        return Err(unsupported("IPv6"));
    }
    if request.enable_ipv4 == Some(false) {
        return Err(unsupported("a network without IPv4"));
    }
    if request.ingress || request.config_only || !matches!(request.scope.as_str(), "" | "local") {
        return Err(unsupported("a swarm network"));
    }
    if !matches!(request.ipam.driver.as_str(), "" | "default") {
        return Err(unsupported(&format!("the IPAM driver {:?}", request.ipam.driver)));
    }
    let range = match request.ipam.config.as_slice() {
        [] => IpamConfig::default(),
        [range] => range.clone(),
        _ => return Err(unsupported("more than one subnet")),
    };
    if !range.auxiliary_addresses.is_empty() {
        return Err(unsupported("an auxiliary address"));
    }
    Ok(NewNetwork {
        name: request.name,
        driver: request.driver,
        subnet: subnet(&range.subnet)?,
        gateway: gateway(&range.gateway)?,
        range: subnet(&range.ip_range)?,
        internal: request.internal,
        labels: request.labels,
        options: request.options,
    })
}

fn subnet(text: &str) -> Result<Option<Subnet>> {
    let parse =
        || text.parse().map_err(|e: knarr_network::SubnetError| Fault::invalid("invalid network config").because(e));
    (!text.is_empty()).then(parse).transpose()
}

fn gateway(text: &str) -> Result<Option<Ipv4Addr>> {
    let parse =
        || text.parse().map_err(|_| Fault::invalid(format!("invalid network config: invalid gateway {text:?}")));
    (!text.is_empty()).then(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_done_is_refused() {
        let with = |range: IpamConfig| {
            let mut request = CreateRequest { name: "n".into(), ..CreateRequest::default() };
            request.ipam.config.push(range);
            request
        };
        let good = IpamConfig { subnet: "10.1.0.0/16".into(), gateway: "10.1.0.9".into(), ..IpamConfig::default() };
        let planned = plan(with(good.clone())).unwrap();
        assert_eq!(planned.gateway, Some(Ipv4Addr::new(10, 1, 0, 9)));
        assert_eq!(
            plan(with(IpamConfig { subnet: "10.1.0.0".into(), ..good.clone() })).unwrap_err().kind(),
            Kind::Invalid
        );
        assert_eq!(plan(with(IpamConfig { gateway: "x".into(), ..good.clone() })).unwrap_err().kind(), Kind::Invalid);
        let six = CreateRequest { enable_ipv6: Some(true), ..with(good) };
        assert_eq!(plan(six).unwrap_err().kind(), Kind::Unsupported);
    }
}
