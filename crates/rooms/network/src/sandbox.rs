//! A container's network namespace, from ready to connected.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use knarr_sys::netns;

use crate::netlink::route::{LinkChange, Links};
use crate::random::hex;
use crate::{Bridge, Endpoint, NetworkError, host};

/// What holds in every namespace: no IPv6, no privileges needed for ping and low ports (there is nobody else's port to
/// protect inside).
const SYSCTLS: [(&str, &str); 6] = [
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
    ("ipv6/conf/all/accept_ra", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv4/ping_group_range", "0 2147483647"),
    ("ipv4/ip_unprivileged_port_start", "0"),
];

/// A network namespace that lives as long as this, or a process in it.
pub struct Sandbox {
    namespace: OwnedFd,
    /// A conversation with the kernel about the inside.
    links: Links,
    /// A veth pair that is there but not connected yet.
    spare: Option<Pair>,
}

/// A veth pair.
#[derive(Debug, Clone)]
struct Pair {
    /// The end on the host.
    outside: String,
    /// The end in the namespace.
    inside: String,
}

impl Sandbox {
    /// Makes a namespace with loopback up and nothing else.
    pub(crate) fn isolated() -> Result<Self, NetworkError> {
        let (namespace, links) = netns::create(prepare)?;
        Ok(Self { namespace, links, spare: None })
    }

    /// Makes a namespace with a veth pair that waits to be connected.
    pub(crate) fn ready(mtu: u32) -> Result<Self, NetworkError> {
        let mut sandbox = Self::isolated()?;
        let pair = Pair { outside: host_link_name(), inside: "eth0".to_owned() };
        sandbox.create_pair(&pair, mtu)?;
        sandbox.spare = Some(pair);
        Ok(sandbox)
    }

    /// The namespace of a running container.
    pub fn of(namespace: OwnedFd) -> Result<Self, NetworkError> {
        let links = netns::inside(&namespace, Links::open)?;
        Ok(Self { namespace, links, spare: None })
    }

    /// The namespace, for the process that shall live in it.
    pub fn namespace(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }

    /// The namespace alone.
    pub fn into_namespace(self) -> OwnedFd {
        self.namespace
    }

    /// The names that the next pair will have: on the host, and inside.
    pub(crate) fn next_pair(&mut self) -> Result<(String, String), NetworkError> {
        if let Some(pair) = &self.spare {
            return Ok((pair.outside.clone(), pair.inside.clone()));
        }
        let taken = self.links.all()?;
        let free = |name: &String| !taken.iter().any(|link| link.name == *name);
        let inside = (0..).map(|n| format!("eth{n}")).find(free).unwrap_or_default();
        Ok((host_link_name(), inside))
    }

    /// The host's end of a pair that was never connected.
    pub(crate) fn spare_link(&self) -> Option<&str> {
        self.spare.as_ref().map(|pair| pair.outside.as_str())
    }

    /// Connects the namespace to a bridge: the pair, the address, the way out.
    pub(crate) fn plug(&mut self, endpoint: &Endpoint, bridge: &Bridge) -> Result<(), NetworkError> {
        if self.spare.take().is_none() {
            let pair = Pair { outside: endpoint.host_link.clone(), inside: endpoint.link.clone() };
            self.create_pair(&pair, bridge.mtu)?;
        }
        let mut host = Links::open()?;
        let outside = host.expect(&endpoint.host_link)?;
        let mtu = (outside.mtu != bridge.mtu).then_some(bridge.mtu);
        let inside = self.links.expect(&endpoint.link)?.index;
        self.links.change(inside, LinkChange { mac: Some(endpoint.mac), mtu, ..Default::default() })?;
        self.links.add_address(inside, endpoint.address, endpoint.prefix)?;
        let master = Some(host.expect(&bridge.link)?.index);
        host.change(outside.index, LinkChange { master, mtu, ..Default::default() })?;
        host.settle(&bridge.link)?;
        if host::bridges_filter() {
            host.set_hairpin(outside.index)?;
        }
        if let Some(gateway) = endpoint.gateway {
            self.links.add_default_route(gateway)?;
        }
        Ok(())
    }

    /// Makes a pair, both ends up: a bridge forwards at once to a member that was up when it came.
    fn create_pair(&mut self, pair: &Pair, mtu: u32) -> Result<(), NetworkError> {
        let mut host = Links::open()?;
        host.create_veth(&pair.outside, &pair.inside, self.namespace.as_fd(), mtu)?;
        let up = LinkChange { up: true, ..Default::default() };
        let inside = self.links.expect(&pair.inside)?;
        self.links.change(inside.index, up)?;
        let outside = host.expect(&pair.outside)?;
        host.change(outside.index, up)?;
        host.settle(&pair.outside)
    }
}

/// Runs inside a fresh namespace.
fn prepare() -> Result<Links, NetworkError> {
    for (name, value) in SYSCTLS {
        write_sysctl(name, value)?;
    }
    let mut links = Links::open()?;
    let loopback = links.expect("lo")?;
    links.change(loopback.index, LinkChange { up: true, ..Default::default() })?;
    Ok(links)
}

/// Sets a value below `/proc/sys/net` of the calling thread's namespace. What this kernel does not have (no IPv6) needs
/// no setting.
pub(crate) fn write_sysctl(name: &str, value: &str) -> Result<(), NetworkError> {
    // Never with O_CREAT, for which procfs answers a missing name with EACCES.
    let file = File::options().write(true).open(format!("/proc/sys/net/{name}"));
    match file.and_then(|mut file| file.write_all(value.as_bytes())) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(NetworkError::kernel(format!("set net/{name} to {value}"))(error))
        }
        _ => Ok(()),
    }
}

fn host_link_name() -> String {
    format!("kn{}", hex::<5>())
}
