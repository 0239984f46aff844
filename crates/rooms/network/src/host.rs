//! The host's side: its links and routes, our bridges, forwarding.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;

use rustix::fs::{FlockOperation, flock};

use crate::netlink::route::{LinkChange, Links};
use crate::sandbox::write_sysctl;
use crate::{Bridge, Mac, NetworkError, Subnet, random};

/// The MTU where the host has no way out.
const DEFAULT_MTU: u32 = 1500;

/// The MTU of the link by which the default route leaves.
pub(crate) fn uplink_mtu() -> Result<u32, NetworkError> {
    let mut links = Links::open()?;
    let default = links.routes()?.into_iter().find(|route| route.destination.prefix() == 0);
    let Some(index) = default.and_then(|route| route.link) else { return Ok(DEFAULT_MTU) };
    Ok(links.all()?.into_iter().find(|link| link.index == index).map_or(DEFAULT_MTU, |link| link.mtu))
}

/// The subnets that the host's routes and addresses use, the default route aside.
pub(crate) fn subnets_in_use() -> Result<Vec<Subnet>, NetworkError> {
    let mut links = Links::open()?;
    let routes = links.routes()?.into_iter().map(|route| route.destination).filter(|subnet| subnet.prefix() > 0);
    let mut used: Vec<Subnet> = routes.collect();
    used.extend(links.addresses()?.into_iter().map(|(_, address, prefix)| Subnet::around(address, prefix)));
    Ok(used)
}

/// Keeps other daemons of this network namespace from choosing a subnet at the same time, as long as the file is open.
pub(crate) fn subnet_lock() -> Result<File, NetworkError> {
    let fail = || NetworkError::kernel::<std::io::Error>("lock /sys/class/net");
    let file = File::open("/sys/class/net").map_err(fail())?;
    flock(&file, FlockOperation::LockExclusive).map_err(|errno| fail()(errno.into()))?;
    Ok(file)
}

/// Makes a bridge as it should be, whatever of it is there.
pub(crate) fn ensure_bridge(bridge: &Bridge) -> Result<(), NetworkError> {
    let mut links = Links::open()?;
    let link = match links.find(&bridge.link)? {
        Some(link) if link.ours => link,
        Some(_) => return Err(NetworkError::LinkTaken(bridge.link.clone())),
        None => {
            let [a, b, c, d, e] = random::bytes();
            links.create_bridge(&bridge.link, Mac([0x02, a, b, c, d, e]), bridge.mtu)?;
            links.expect(&bridge.link)?
        }
    };
    write_sysctl(&format!("ipv6/conf/{}/disable_ipv6", bridge.link), "1")?;
    write_sysctl(&format!("ipv6/conf/{}/accept_ra", bridge.link), "0")?;
    // Ports published on 127.0.0.1 are translated to a container's address on their way out.
    write_sysctl(&format!("ipv4/conf/{}/route_localnet", bridge.link), "1")?;
    links.add_address(link.index, bridge.gateway, bridge.subnet.prefix())?;
    links.change(link.index, LinkChange { up: true, ..Default::default() })
}

/// Whether frames between a bridge's members pass the firewall (br_netfilter). Then a container's packet to its own
/// published port is translated inside the bridge, and comes back only by a member in hairpin mode. Not set otherwise,
/// because it returns a container's multicast to itself.
pub(crate) fn bridges_filter() -> bool {
    fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables").is_ok_and(|value| value.trim() == "1")
}

/// Whether the host routes between its links.
pub(crate) fn forwarding() -> Result<bool, NetworkError> {
    let value = fs::read_to_string("/proc/sys/net/ipv4/ip_forward");
    Ok(value.map_err(NetworkError::kernel("read net/ipv4/ip_forward"))?.trim() == "1")
}

/// Switches routing between links.
pub(crate) fn set_forwarding(on: bool) -> Result<(), NetworkError> {
    write_sysctl("ipv4/ip_forward", if on { "1" } else { "0" })
}

/// The names of all links but loopback and `ours`.
pub(crate) fn other_links(ours: &BTreeSet<&str>) -> Result<BTreeSet<String>, NetworkError> {
    let names = Links::open()?.all()?.into_iter().map(|link| link.name);
    Ok(names.filter(|name| name != "lo" && !ours.contains(name.as_str())).collect())
}

/// Tells one run of the machine from another.
pub(crate) fn boot_id() -> Result<String, NetworkError> {
    let path = "/proc/sys/kernel/random/boot_id";
    Ok(fs::read_to_string(path).map_err(NetworkError::kernel(format!("read {path}")))?.trim().to_owned())
}
