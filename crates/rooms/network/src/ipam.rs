//! Which address and which subnet comes next: pure functions.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::Subnet;

/// The next free address of `subnet` behind `last`, wrapping around, so that an address that was just freed rests
/// as long as possible.
pub(crate) fn next_address(
    subnet: Subnet,
    gateway: Ipv4Addr,
    used: &BTreeSet<Ipv4Addr>,
    last: Option<Ipv4Addr>,
) -> Option<Ipv4Addr> {
    let (low, high) = subnet.hosts()?;
    let (low, high) = (u32::from(low), u32::from(high));
    let start = last.map(u32::from).filter(|last| (low..high).contains(last)).map_or(low, |last| last + 1);
    let free = |address: &Ipv4Addr| *address != gateway && !used.contains(address);
    (start..=high).chain(low..start).map(Ipv4Addr::from).find(free)
}

/// The subnets from which a network without one gets its own, in this order: Docker's.
fn pools() -> impl Iterator<Item = Subnet> {
    let wide = (17..=31).map(|second| Subnet::around(Ipv4Addr::new(172, second, 0, 0), 16));
    let narrow = (0..16).map(|third| Subnet::around(Ipv4Addr::new(192, 168, third * 16, 0), 20));
    wide.chain(narrow)
}

/// The first default subnet that meets none of `taken`.
pub(crate) fn next_subnet(taken: &[Subnet]) -> Option<Subnet> {
    pools().find(|candidate| !taken.iter().any(|other| other.overlaps(*candidate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    #[test]
    fn addresses_go_round() {
        let subnet = Subnet::around(address(0), 29);
        let gateway = address(1);
        let mut used = BTreeSet::new();
        assert_eq!(next_address(subnet, gateway, &used, None), Some(address(2)));
        assert_eq!(next_address(subnet, gateway, &used, Some(address(2))), Some(address(3)));
        assert_eq!(next_address(subnet, gateway, &used, Some(address(6))), Some(address(2)));
        used.extend((2..=6).map(address));
        assert_eq!(next_address(subnet, gateway, &used, Some(address(3))), None);
        used.remove(&address(3));
        assert_eq!(next_address(subnet, gateway, &used, Some(address(3))), Some(address(3)));
    }

    #[test]
    fn subnets_in_use_are_avoided() {
        let taken = ["172.16.0.0/12".parse().unwrap(), "192.168.1.0/24".parse().unwrap()];
        assert_eq!(next_subnet(&taken), Some("192.168.16.0/20".parse().unwrap()));
        assert_eq!(next_subnet(&[]), Some("172.17.0.0/16".parse().unwrap()));
        assert_eq!(next_subnet(&["0.0.0.0/0".parse().unwrap()]), None);
    }
}
