//! The document's memory policy, in the kernel's numbers (set_mempolicy(2)).

use super::numbers;
use crate::{Error, Result};

const MODES: &[(&str, u32)] = &[
    ("MPOL_DEFAULT", 0),
    ("MPOL_PREFERRED", 1),
    ("MPOL_BIND", 2),
    ("MPOL_INTERLEAVE", 3),
    ("MPOL_LOCAL", 4),
    ("MPOL_PREFERRED_MANY", 5),
    ("MPOL_WEIGHTED_INTERLEAVE", 6),
];

const FLAGS: &[(&str, u32)] =
    &[("MPOL_F_NUMA_BALANCING", 1 << 13), ("MPOL_F_RELATIVE_NODES", 1 << 14), ("MPOL_F_STATIC_NODES", 1 << 15)];

/// Names of modes, for who asks what is understood.
pub fn modes() -> impl Iterator<Item = &'static str> {
    MODES.iter().map(|(name, _)| *name)
}

/// Names of flags, as [`modes`].
pub fn flags() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().map(|(name, _)| *name)
}

/// A memory policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryPolicy {
    /// Mode and flags.
    pub mode: u32,
    /// Nodes, a bit each.
    pub nodes: Vec<u64>,
}

impl MemoryPolicy {
    /// Reads the document's.
    pub fn plan(asked: &knarr_spec::MemoryPolicy) -> Result<Self> {
        let find = |table: &[(&str, u32)], text: &str| {
            let found = table.iter().find(|(name, _)| *name == text).map(|(_, bits)| *bits);
            found.ok_or_else(|| Error::Spec(format!("memoryPolicy: {text:?} is no mode or flag")))
        };
        let mut mode = find(MODES, &asked.mode)?;
        for flag in &asked.flags {
            mode |= find(FLAGS, flag)?;
        }
        Ok(Self { mode, nodes: nodes(&asked.nodes)? })
    }
}

fn nodes(list: &str) -> Result<Vec<u64>> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = numbers::parse(list).ok_or_else(|| Error::Spec(format!("memoryPolicy: nodes {list:?}")))?;
    let words = numbers.last().map_or(0, |most| most / 64 + 1);
    let mut nodes = vec![0; words];
    for number in numbers {
        nodes[number / 64] |= 1 << (number % 64);
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(mode: &str, nodes: &str, flags: &[&str]) -> Result<MemoryPolicy> {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        MemoryPolicy::plan(&knarr_spec::MemoryPolicy { mode: mode.into(), nodes: nodes.into(), flags })
    }

    #[test]
    fn modes_flags_and_nodes_become_bits() {
        let read = plan("MPOL_BIND", "0-1,65", &["MPOL_F_STATIC_NODES"]).unwrap();
        assert_eq!(read, MemoryPolicy { mode: 2 | 1 << 15, nodes: vec![0b11, 0b10] });
        assert_eq!(plan("MPOL_LOCAL", "", &[]).unwrap().nodes, Vec::<u64>::new());
        assert!(plan("MPOL_HOPE", "", &[]).is_err());
        assert!(plan("MPOL_BIND", "x", &[]).is_err());
        assert!(plan("MPOL_BIND", "0", &["MPOL_F_NONE"]).is_err());
    }
}
