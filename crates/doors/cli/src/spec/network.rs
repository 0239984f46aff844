//! `--network`.

use std::collections::BTreeMap;

use knarr_api::network::{EndpointIpam, EndpointSettings};

use super::pairs::pair;

/// One network to join, with wishes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Network {
    /// `bridge`, `none`, `host`, `container:ID` or a network's name.
    pub(crate) name: String,
    /// Names on it.
    pub(crate) aliases: Vec<String>,
    /// IPv4 address.
    pub(crate) ip: String,
    /// IPv6 address.
    pub(crate) ip6: String,
    /// MAC address.
    pub(crate) mac: String,
    /// Priority for the default gateway.
    pub(crate) gw_priority: i64,
    /// Options of the driver.
    pub(crate) driver_opts: BTreeMap<String, String>,
}

impl Network {
    /// The wire form.
    pub(crate) fn endpoint(&self) -> EndpointSettings {
        let wishes = !self.ip.is_empty() || !self.ip6.is_empty();
        let ipam =
            EndpointIpam { ipv4_address: self.ip.clone(), ipv6_address: self.ip6.clone(), link_local_ips: Vec::new() };
        EndpointSettings {
            aliases: self.aliases.clone(),
            ipam_config: wishes.then_some(ipam),
            mac_address: self.mac.clone(),
            gw_priority: self.gw_priority,
            driver_opts: self.driver_opts.clone(),
            ..EndpointSettings::default()
        }
    }
}

/// Reads a name, or `name=NET,alias=…,ip=…,ip6=…,mac-address=…,driver-opt=K=V,gw-priority=N`.
pub(crate) fn network(text: &str) -> Result<Network, String> {
    let mut network = Network::default();
    if !text.contains('=') {
        network.name = text.to_owned();
        return Ok(network);
    }
    for field in text.split(',') {
        let (key, value) =
            field.split_once('=').ok_or_else(|| format!("invalid network field {field:?}: expected key=value"))?;
        let value = value.trim().to_owned();
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => network.name = value,
            "alias" => network.aliases.push(value),
            "ip" => network.ip = value,
            "ip6" => network.ip6 = value,
            "mac-address" => network.mac = value,
            "driver-opt" => network.driver_opts.extend([pair(&value)]),
            "gw-priority" => {
                network.gw_priority = value.parse().map_err(|_| format!("invalid gw-priority: {value}"))?
            }
            key => return Err(format!("invalid field key {key}")),
        }
    }
    if network.name.is_empty() { Err("network name/id is not specified".into()) } else { Ok(network) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        assert_eq!(network("container:x").unwrap().name, "container:x");
        let long = network("name=net,alias=a,alias=b,ip=10.0.0.2").unwrap();
        assert_eq!((long.name.as_str(), long.aliases.len(), long.ip.as_str()), ("net", 2, "10.0.0.2"));
        assert!(network("alias=a").is_err());
        assert!(network("name=a,nope=1").is_err());
    }
}
