//! The binary interfaces of the kernel.

use crate::{Error, Result, tables};

/// An interface by which system calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86.
    X86,
    /// 64-bit x86 with 32-bit pointers; its numbers have bit 30.
    X32,
    /// 64-bit ARM.
    Aarch64,
    /// 32-bit ARM.
    Arm,
}

/// The names of the interfaces in a profile.
pub const ARCHITECTURES: &[&str] =
    &["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64"];

/// Architectures that Linux has and we do not run on: a profile may name them, and they mean nothing here.
const FOREIGN: &[&str] = &[
    "MIPS",
    "MIPS64",
    "MIPS64N32",
    "MIPSEL",
    "MIPSEL64",
    "MIPSEL64N32",
    "PPC",
    "PPC64",
    "PPC64LE",
    "S390",
    "S390X",
    "PARISC",
    "PARISC64",
    "RISCV64",
    "LOONGARCH64",
    "M68K",
    "SH",
    "SHEB",
];

impl Arch {
    /// What this program was built for.
    pub const NATIVE: Self = if cfg!(target_arch = "aarch64") { Self::Aarch64 } else { Self::X86_64 };

    /// From `SCMP_ARCH_*`; none for one that this family of machines never runs.
    pub fn parse(name: &str) -> Result<Option<Self>> {
        let short = name.strip_prefix("SCMP_ARCH_").unwrap_or_default();
        Ok(Some(match short {
            "X86_64" => Self::X86_64,
            "X86" => Self::X86,
            "X32" => Self::X32,
            "AARCH64" => Self::Aarch64,
            "ARM" => Self::Arm,
            "NATIVE" => Self::NATIVE,
            _ if FOREIGN.contains(&short) => return Ok(None),
            _ => return Err(Error::Architecture(name.to_owned())),
        }))
    }

    /// Its name in a profile.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "SCMP_ARCH_X86_64",
            Self::X86 => "SCMP_ARCH_X86",
            Self::X32 => "SCMP_ARCH_X32",
            Self::Aarch64 => "SCMP_ARCH_AARCH64",
            Self::Arm => "SCMP_ARCH_ARM",
        }
    }

    /// Its name in the conditions of a Docker profile.
    pub fn docker_name(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::X86 => "x86",
            Self::X32 => "x32",
            Self::Aarch64 => "arm64",
            Self::Arm => "arm",
        }
    }

    /// `AUDIT_ARCH_*`, by which the kernel names it to a filter; x32 shares that of x86_64.
    pub fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
            Self::Arm => 0x4000_0028,
        }
    }

    /// A call's number; none where this interface does not have it.
    pub fn number(self, name: &str) -> Option<u32> {
        let table = self.table();
        table.binary_search_by_key(&name, |(known, _)| known).ok().map(|index| table[index].1)
    }

    fn table(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::X86_64 => tables::x86_64::TABLE,
            Self::X86 => tables::x86::TABLE,
            Self::X32 => tables::x32::TABLE,
            Self::Aarch64 => tables::aarch64::TABLE,
            Self::Arm => tables::arm::TABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_right_at_the_ends() {
        for arch in [Arch::X86_64, Arch::X86, Arch::X32, Arch::Aarch64, Arch::Arm] {
            assert!(arch.table().is_sorted_by(|a, b| a.0 < b.0), "{arch:?}");
            assert!(arch.number("no_such_call").is_none());
        }
        let openat = [Arch::X86_64, Arch::X86, Arch::X32, Arch::Aarch64, Arch::Arm].map(|arch| arch.number("openat"));
        assert_eq!(openat, [Some(257), Some(295), Some(0x4000_0101), Some(56), Some(322)]);
        assert_eq!(Arch::X86.number("socketcall"), Some(102));
        assert_eq!(Arch::X86_64.number("mseal"), Some(462));
    }

    #[test]
    fn the_names_are_those_that_are_read() {
        for name in ARCHITECTURES {
            assert_eq!(Arch::parse(name).unwrap().unwrap().name(), *name);
        }
    }

    #[test]
    fn unknown_architectures_are_errors_and_foreign_ones_are_not() {
        assert_eq!(Arch::parse("SCMP_ARCH_S390X").unwrap(), None);
        assert!(Arch::parse("SCMP_ARCH_Z80").is_err());
        assert!(Arch::parse("X86_64").is_err());
    }
}
