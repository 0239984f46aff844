//! Network devices that move into the container's namespace (config-linux.md, "Network Devices").

use std::collections::{BTreeMap, BTreeSet};

use knarr_spec::{NamespaceKind, NetDevice};

use super::Namespaces;
use crate::{Error, Result};

/// A device and its name inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetDevicePlan {
    /// What it is called in the runtime's namespace.
    pub name: String,
    /// What it is called inside.
    pub inside: String,
}

/// Checks the names; there must be a namespace to move to.
pub fn plan(devices: &BTreeMap<String, NetDevice>, namespaces: &Namespaces) -> Result<Vec<NetDevicePlan>> {
    if !devices.is_empty() && !namespaces.has(NamespaceKind::Network) {
        return Err(Error::Spec("netDevices need a network namespace other than the host's".to_owned()));
    }
    let mut taken = BTreeSet::new();
    let mut planned = Vec::with_capacity(devices.len());
    for (name, device) in devices {
        let inside = if device.name.is_empty() { name } else { &device.name };
        if !is_name(name) || !is_name(inside) {
            return Err(Error::Spec(format!("netDevices: {name:?} as {inside:?}: no name of a network device")));
        }
        if !taken.insert(inside) {
            return Err(Error::Spec(format!("netDevices: {inside:?} is the name of two")));
        }
        planned.push(NetDevicePlan { name: name.clone(), inside: inside.clone() });
    }
    Ok(planned)
}

/// As the kernel has it: up to 15 bytes without `/`, `:` and spaces; not `.` or `..`.
fn is_name(name: &str) -> bool {
    let byte = |b: u8| !b.is_ascii_whitespace() && !b.is_ascii_control() && !b"/:%".contains(&b);
    (1..=15).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[(&str, &str)]) -> Result<Vec<NetDevicePlan>> {
        let device = |(name, inside): &(&str, &str)| (name.to_string(), NetDevice { name: inside.to_string() });
        let namespaces =
            Namespaces { clone_flags: super::super::namespace_flag(NamespaceKind::Network), ..Default::default() };
        plan(&list.iter().map(device).collect(), &namespaces)
    }

    #[test]
    fn names_are_the_kernels_and_not_taken_twice() {
        let planned = names(&[("eth1", ""), ("eth2", "wan")]).unwrap();
        assert_eq!(planned[0].inside, "eth1");
        assert_eq!(planned[1].inside, "wan");
        for bad in
            [("", "x"), ("eth1", "a/b"), ("eth1", "a b"), ("eth1", "abcdefghijklmnop"), ("..", ""), ("eth1", "e%d")]
        {
            assert!(names(&[bad]).is_err(), "{bad:?}");
        }
        assert!(names(&[("a", "x"), ("b", "x")]).is_err());
        let host = plan(&[("a".to_owned(), NetDevice::default())].into(), &Namespaces::default());
        assert!(host.is_err());
    }
}
