//! IPv4 subnets.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An IPv4 subnet in canonical form: no host bits are set. Written `172.17.0.0/16`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    base: Ipv4Addr,
    prefix: u8,
}

/// Why a text is not a subnet.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SubnetError {
    /// Not `address/prefix`.
    #[error("invalid subnet {0:?}: must be an IPv4 address, a slash and a prefix length")]
    Malformed(String),
    /// Bits behind the prefix are set.
    #[error("invalid subnet {given}: it should be {meant}")]
    HostBits {
        /// What was given.
        given: String,
        /// The subnet around it.
        meant: Subnet,
    },
}

impl Subnet {
    /// The subnet of this prefix length that `address` lies in. Lengths over 32 are taken as 32.
    pub fn around(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { base: Ipv4Addr::from(u32::from(address) & mask(prefix)), prefix }
    }

    /// The lowest address, which names the subnet.
    pub fn base(self) -> Ipv4Addr {
        self.base
    }

    /// The prefix length in bits.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The bits of the prefix as an address, `255.255.0.0`.
    pub fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from(mask(self.prefix))
    }

    /// The highest address.
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base) | !mask(self.prefix))
    }

    /// Whether `address` lies in it.
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == u32::from(self.base)
    }

    /// Whether the two share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// The lowest and the highest address that a host may have. Subnets smaller than four addresses have none.
    pub fn hosts(self) -> Option<(Ipv4Addr, Ipv4Addr)> {
        let (low, high) = (u32::from(self.base), u32::from(self.broadcast()));
        (self.prefix <= 30).then(|| (Ipv4Addr::from(low + 1), Ipv4Addr::from(high - 1)))
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// Splits `172.18.0.1/16` into the address and its subnet, as `--bip` has it.
pub fn parse_interface(text: &str) -> Result<(Ipv4Addr, Subnet), SubnetError> {
    let malformed = || SubnetError::Malformed(text.chars().take(80).collect());
    let (address, prefix) = text.split_once('/').ok_or_else(malformed)?;
    let address: Ipv4Addr = address.parse().map_err(|_| malformed())?;
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    let prefix = prefix.parse().ok().filter(|p| digits && *p <= 32).ok_or_else(malformed)?;
    Ok((address, Subnet::around(address, prefix)))
}

impl FromStr for Subnet {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let (address, subnet) = parse_interface(text)?;
        if address == subnet.base {
            Ok(subnet)
        } else {
            Err(SubnetError::HostBits { given: text.to_owned(), meant: subnet })
        }
    }
}

impl TryFrom<String> for Subnet {
    type Error = SubnetError;

    fn try_from(text: String) -> Result<Self, SubnetError> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> String {
        subnet.to_string()
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl fmt::Debug for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_canonical() {
        let subnet: Subnet = "172.17.0.0/16".parse().unwrap();
        assert_eq!(subnet.hosts(), Some((Ipv4Addr::new(172, 17, 0, 1), Ipv4Addr::new(172, 17, 255, 254))));
        assert_eq!(subnet.mask(), Ipv4Addr::new(255, 255, 0, 0));
        assert!(matches!("172.17.0.1/16".parse::<Subnet>(), Err(SubnetError::HostBits { .. })));
        for bad in ["", "1.2.3.4", "1.2.3.0/33", "1.2.3/24", "1.2.3.0/+8", "1.2.3.0/", "::/0"] {
            assert!(bad.parse::<Subnet>().is_err(), "{bad}");
        }
        assert_eq!("0.0.0.0/0".parse::<Subnet>().unwrap().broadcast(), Ipv4Addr::BROADCAST);
    }

    #[test]
    fn overlap_is_symmetric() {
        let (wide, narrow): (Subnet, Subnet) = ("10.0.0.0/8".parse().unwrap(), "10.9.0.0/16".parse().unwrap());
        assert!(wide.overlaps(narrow) && narrow.overlaps(wide));
        assert!(!narrow.overlaps("10.10.0.0/16".parse().unwrap()));
    }
}
