//! What can be said of a mount apart from its file system: attributes and propagation.

use knarr_sys::mount::{self, MountAttr};

/// Attributes to set on a mount and attributes to clear, bits of `MOUNT_ATTR_*` (mount_setattr(2)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bits to set.
    pub set: u64,
    /// Bits to clear.
    pub clear: u64,
}

impl Attributes {
    /// Read-only.
    pub const READ_ONLY: Self = Self { set: mount::RDONLY, clear: 0 };

    /// Nothing to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, then `later`, which wins.
    pub fn then(self, later: Self) -> Self {
        let set = (self.set & !later.clear) | later.set;
        let clear = (self.clear & !later.set) | later.clear;
        Self { set, clear }
    }

    pub(crate) fn raw(self) -> MountAttr {
        MountAttr { set: self.set, clear: self.clear, ..MountAttr::default() }
    }
}

/// How mount events travel between copies of a mount (mount_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// Both ways.
    Shared,
    /// Inwards only.
    Slave,
    /// Not at all.
    Private,
    /// Not at all, and it cannot be bind mounted.
    Unbindable,
}

impl Propagation {
    /// Reads `shared`, `rshared`, …; the flag says whether mounts below are meant too.
    pub fn parse(text: &str) -> Option<(Self, bool)> {
        let kind = |name: &str| match name {
            "shared" => Some(Self::Shared),
            "slave" => Some(Self::Slave),
            "private" => Some(Self::Private),
            "unbindable" => Some(Self::Unbindable),
            _ => None,
        };
        match kind(text) {
            Some(found) => Some((found, false)),
            None => Some((kind(text.strip_prefix('r')?)?, true)),
        }
    }

    pub(crate) fn raw(self) -> MountAttr {
        use rustix::mount::MountPropagationFlags as Flags;
        let flags = match self {
            Self::Shared => Flags::SHARED,
            Self::Slave => Flags::DOWNSTREAM,
            Self::Private => Flags::PRIVATE,
            Self::Unbindable => Flags::UNBINDABLE,
        };
        MountAttr { propagation: flags.bits().into(), ..MountAttr::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_attributes_win() {
        let read_write = Attributes { set: 0, clear: mount::RDONLY };
        assert_eq!(Attributes::READ_ONLY.then(read_write), read_write);
        assert_eq!(read_write.then(Attributes::READ_ONLY), Attributes::READ_ONLY);
    }

    #[test]
    fn propagation_is_read_with_and_without_recursion() {
        assert_eq!(Propagation::parse("rslave"), Some((Propagation::Slave, true)));
        assert_eq!(Propagation::parse("shared"), Some((Propagation::Shared, false)));
        assert_eq!(Propagation::parse("ro"), None);
    }
}
