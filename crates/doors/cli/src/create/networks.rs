//! Which networks a new container joins.

use knarr_api::network::NetworkingConfig;

use super::CreateFlags;
use crate::error::{Error, Result};
use crate::spec::Network;

/// The first network is the mode, all of them are endpoints.
pub(super) struct Networks {
    pub(super) mode: String,
    pub(super) config: NetworkingConfig,
}

/// Reads `--network`, `--network-alias`, `--ip`, `--ip6`, `--mac-address` and `--link`.
pub(super) fn networks(flags: &CreateFlags) -> Result<Networks> {
    let mut list = flags.network.clone();
    if list.is_empty() {
        list.push(Network { name: "default".into(), ..Network::default() });
    }
    let first = &mut list[0];
    first.aliases.extend(flags.network_alias.clone());
    override_with(&mut first.ip, &flags.ip);
    override_with(&mut first.ip6, &flags.ip6);
    override_with(&mut first.mac, &flags.mac_address);
    check(&list)?;
    let mut config = NetworkingConfig::default();
    for network in &list {
        let endpoint = network.endpoint();
        let wishes = endpoint != knarr_api::network::EndpointSettings::default();
        if is_user_defined(&network.name) || wishes {
            let known = config.endpoints_config.insert(network.name.clone(), endpoint);
            if known.is_some() {
                return Err(Error::invalid(format!("network {:?} is specified multiple times", network.name)));
            }
        }
    }
    Ok(Networks { mode: list[0].name.clone(), config })
}

fn override_with(target: &mut String, value: &Option<String>) {
    if let Some(value) = value {
        value.clone_into(target);
    }
}

fn check(list: &[Network]) -> Result {
    for network in list {
        let name = network.name.as_str();
        if name.is_empty() {
            return Err(Error::invalid("no name set for network"));
        }
        let alone = ["host", "none"].contains(&name) || name.starts_with("container:");
        if alone && list.len() > 1 {
            return Err(Error::invalid(
                "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
            ));
        }
        if !network.aliases.is_empty() && !is_user_defined(name) {
            return Err(Error::invalid("network-scoped aliases are only supported for user-defined networks"));
        }
    }
    Ok(())
}

fn is_user_defined(name: &str) -> bool {
    !["default", "bridge", "host", "none"].contains(&name) && !name.starts_with("container:")
}
