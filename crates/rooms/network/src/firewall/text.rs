//! A plan as `nft list table` would print it, for people and tests.

use std::fmt;

use super::{Action, Chain, Hook, Kind, Match, Ruleset};

impl fmt::Display for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "table ip {} {{", self.table)?;
        for link in &self.uplinks {
            writeln!(f, "\tuplink {link}")?;
        }
        for ((protocol, address, port), target) in &self.bound {
            writeln!(f, "\tbound {protocol} . {address} . {port} : {} . {}", target.address, target.port)?;
        }
        for ((protocol, port), target) in &self.any {
            writeln!(f, "\tany {protocol} . {port} : {} . {}", target.address, target.port)?;
        }
        for chain in &self.chains {
            write!(f, "{chain}")?;
        }
        writeln!(f, "}}")
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\tchain {} {{", self.name)?;
        writeln!(f, "\t\ttype {} hook {} priority {}; policy accept;", self.kind, self.hook, self.priority)?;
        for (matches, action) in &self.rules {
            write!(f, "\t\t")?;
            for condition in matches {
                write!(f, "{condition} ")?;
            }
            writeln!(f, "{action}")?;
        }
        writeln!(f, "\t}}")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Kind {
    /// The kernel's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Nat => "nat",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prerouting => "prerouting",
            Self::Forward => "forward",
            Self::Output => "output",
            Self::Postrouting => "postrouting",
        })
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(link) => write!(f, "iifname \"{link}\""),
            Self::NotIn(link) => write!(f, "iifname != \"{link}\""),
            Self::Out(link) => write!(f, "oifname \"{link}\""),
            Self::NotOut(link) => write!(f, "oifname != \"{link}\""),
            Self::InUplink => write!(f, "iifname @uplinks"),
            Self::OutUplink => write!(f, "oifname @uplinks"),
            Self::Source(subnet) => write!(f, "ip saddr {subnet}"),
            Self::Destination(subnet) => write!(f, "ip daddr {subnet}"),
            Self::Local(true) => write!(f, "fib daddr type local"),
            Self::Local(false) => write!(f, "fib daddr type != local"),
            Self::Established => write!(f, "ct state established,related"),
            Self::Translated => write!(f, "ct status dnat"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::Drop => "drop",
            Self::Masquerade => "masquerade",
            Self::PublishBound => "dnat ip to meta l4proto . ip daddr . th dport map @bound",
            Self::PublishAny => "dnat ip to meta l4proto . th dport map @any",
        })
    }
}
