//! Capability names and numbers (capabilities(7)).

use rustix::thread::CapabilitySet;

/// Names in the order of their numbers.
pub const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// The set of one name.
pub fn one(name: &str) -> Option<CapabilitySet> {
    let number = NAMES.iter().position(|known| *known == name)?;
    Some(CapabilitySet::from_bits_retain(1 << number))
}

/// The set of names; what is no name of one is passed over ([`unknown`] tells it).
pub fn set(names: &[String]) -> CapabilitySet {
    names.iter().filter_map(|name| one(name)).fold(CapabilitySet::empty(), |all, one| all | one)
}

/// Those that are no names of capabilities.
pub fn unknown(names: &[String]) -> impl Iterator<Item = &String> {
    names.iter().filter(|name| one(name).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_kernels_numbers() {
        assert_eq!(one("CAP_SYS_ADMIN"), Some(CapabilitySet::SYS_ADMIN));
        assert_eq!(one("CAP_CHECKPOINT_RESTORE"), Some(CapabilitySet::CHECKPOINT_RESTORE));
    }

    #[test]
    fn what_is_no_capability_is_passed_over_and_told() {
        let names = ["CAP_CHOWN", "CAP_NOPE"].map(str::to_owned);
        assert_eq!(set(&names), CapabilitySet::CHOWN);
        assert_eq!(unknown(&names).collect::<Vec<_>>(), ["CAP_NOPE"]);
    }
}
