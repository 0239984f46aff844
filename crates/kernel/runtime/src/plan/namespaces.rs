//! Which namespaces are made and which are joined.

use std::path::PathBuf;

use knarr_spec::{IdMapping, Linux, NamespaceKind, TimeOffset};
use knarr_sys::clone;

use crate::{Error, Result};

/// The namespaces of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Made by clone3 with the first process, inside a user namespace that is joined.
    pub clone_flags: u64,
    /// Joined: the kind and the namespace file.
    pub join: Vec<(NamespaceKind, PathBuf)>,
    /// Made by the first process once it is in its cgroup, so that the cgroup is the namespace's root.
    pub new_cgroup: bool,
    /// Made before the first process, so that its clocks can be set.
    pub new_time: bool,
    /// Map of user ids of a new user namespace.
    pub uid_map: Vec<IdMapping>,
    /// Map of group ids of a new user namespace.
    pub gid_map: Vec<IdMapping>,
    /// Lines for `timens_offsets`.
    pub time_offsets: Vec<(String, TimeOffset)>,
}

impl Namespaces {
    /// Reads the document's list.
    pub fn plan(linux: &Linux) -> Result<Self> {
        let mut plan = Self::default();
        for (index, namespace) in linux.namespaces.iter().enumerate() {
            if linux.namespaces[..index].iter().any(|before| before.kind == namespace.kind) {
                return Err(Error::Spec(format!("the namespace {:?} is listed twice", namespace.kind)));
            }
            match (namespace.kind, namespace.path.as_str()) {
                (NamespaceKind::Cgroup, "") => plan.new_cgroup = true,
                (NamespaceKind::Time, "") => plan.new_time = true,
                (kind, "") => plan.clone_flags |= flag(kind),
                (kind, path) => plan.join.push((kind, path.into())),
            }
        }
        plan.uid_map = linux.uid_mappings.clone();
        plan.gid_map = linux.gid_mappings.clone();
        plan.time_offsets = linux.time_offsets.iter().map(|(clock, offset)| (clock.clone(), *offset)).collect();
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<()> {
        if !self.has(NamespaceKind::Mount) {
            return Err(Error::Spec("a mount namespace other than the host's is required".to_owned()));
        }
        let mapped = !self.uid_map.is_empty() && !self.gid_map.is_empty();
        if self.is_new(NamespaceKind::User) && !mapped {
            return Err(Error::Spec("a new user namespace needs uidMappings and gidMappings".to_owned()));
        }
        if !self.time_offsets.is_empty() && !self.new_time {
            return Err(Error::Spec("timeOffsets need a new time namespace".to_owned()));
        }
        Ok(())
    }

    /// Which namespaces are made by clone3(2) with the first process, and which that process makes by unshare(2), so that
    /// this process has its time for other things. In a user namespace, which is made first, all at once: they shall
    /// belong to it. In one that is joined they are for the process that comes behind.
    pub fn when(&self) -> (u64, u64) {
        if self.joins(NamespaceKind::User) {
            return (0, 0);
        }
        if self.is_new(NamespaceKind::User) {
            return (self.clone_flags, 0);
        }
        let at_birth = self.clone_flags & clone::NEWPID;
        (at_birth, self.clone_flags & !at_birth)
    }

    /// Whether a namespace of this kind is made.
    pub fn is_new(&self, kind: NamespaceKind) -> bool {
        match kind {
            NamespaceKind::Cgroup => self.new_cgroup,
            NamespaceKind::Time => self.new_time,
            other => self.clone_flags & flag(other) != 0,
        }
    }

    /// Whether a namespace of this kind is joined.
    pub fn joins(&self, kind: NamespaceKind) -> bool {
        self.join.iter().any(|(joined, _)| *joined == kind)
    }

    /// Whether the container is in a namespace of this kind that is not the runtime's.
    pub fn has(&self, kind: NamespaceKind) -> bool {
        self.is_new(kind) || self.joins(kind)
    }
}

/// The clone flag of a kind.
pub fn flag(kind: NamespaceKind) -> u64 {
    match kind {
        NamespaceKind::Pid => clone::NEWPID,
        NamespaceKind::Network => clone::NEWNET,
        NamespaceKind::Mount => clone::NEWNS,
        NamespaceKind::Ipc => clone::NEWIPC,
        NamespaceKind::Uts => clone::NEWUTS,
        NamespaceKind::User => clone::NEWUSER,
        NamespaceKind::Cgroup => clone::NEWCGROUP,
        NamespaceKind::Time => clone::NEWTIME,
    }
}
