//! Making a cgroup in two steps: a process can be born in the unified tree while the rest is made.

use std::os::fd::OwnedFd;

use knarr_spec::LinuxResources;

use crate::create::{self, Presence};
use crate::{Cgroup, CgroupPath, Layout, Result, Version, Write, join, limits};

/// A cgroup whose folder in the unified tree exists, where the host has one. It is a name, not an owner.
#[derive(Debug)]
pub struct Begun<'a> {
    cgroup: Cgroup,
    resources: &'a LinuxResources,
    planned: Vec<Write>,
    presence: Presence,
    finished: bool,
}

impl<'a> Begun<'a> {
    pub(crate) fn new(path: &str, resources: &'a LinuxResources, presence: Presence) -> Result<Self> {
        let cgroup = Cgroup { path: CgroupPath::parse(path)?, layout: Layout::host()? };
        let planned = limits::planned(cgroup.layout, resources)?;
        create::folders(&cgroup, Version::V2, presence)?;
        Ok(Self { cgroup, resources, planned, presence, finished: false })
    }

    /// The cgroup, whole or not.
    pub fn cgroup(&self) -> &Cgroup {
        &self.cgroup
    }

    /// The folder in the unified tree, for `clone3` with `CLONE_INTO_CGROUP`. None on a host without one.
    pub fn clone_into(&self) -> Result<Option<OwnedFd>> {
        self.cgroup.unified().map(|folder| join::open_folder(&folder)).transpose()
    }

    /// Makes the folders in all other hierarchies and writes every limit. After an error, [`Begun::undo`].
    pub fn finish(&mut self) -> Result<()> {
        if self.finished {
            return Ok(());
        }
        create::folders(&self.cgroup, Version::V1, self.presence)?;
        limits::apply(&self.cgroup, &self.planned)?;
        limits::apply_devices(&self.cgroup, &self.resources.devices)?;
        self.finished = true;
        Ok(())
    }

    /// Takes it away again. Of one that was finished all processes are ended; one that was not holds none of ours any
    /// more, and where it holds another's it stays.
    pub fn undo(self) -> Result<()> {
        if !self.finished {
            create::undo(&self.cgroup);
            return Ok(());
        }
        let ended = self.cgroup.kill_all();
        self.cgroup.delete().and(ended)
    }

    /// Finishes it; after an error none of its new folders is left.
    pub fn whole(mut self) -> Result<Self> {
        match self.finish() {
            Ok(()) => Ok(self),
            Err(error) => {
                create::undo(&self.cgroup);
                Err(error)
            }
        }
    }

    pub(crate) fn into_cgroup(self) -> Cgroup {
        self.cgroup
    }
}
