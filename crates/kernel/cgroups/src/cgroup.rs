//! The container's folder in every hierarchy, as one thing.

use std::path::{Path, PathBuf};

use knarr_spec::LinuxResources;

use crate::create::Presence;
use crate::{Begun, CgroupPath, Error, Hierarchy, Layout, Result, Version, delete, files, limits};

/// A cgroup in all hierarchies of this host. It is a name, not an owner: dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct Cgroup {
    pub(crate) path: CgroupPath,
    pub(crate) layout: &'static Layout,
}

impl Cgroup {
    /// Makes the folders and writes the limits, before any process is inside. A folder that is there already is taken
    /// over if it holds no process. After an error none of the new folders is left.
    pub fn create(path: &str, resources: &LinuxResources) -> Result<Self> {
        Self::begin(path, resources)?.whole().map(Begun::into_cgroup)
    }

    /// [`Cgroup::create`] in two steps.
    pub fn begin<'a>(path: &str, resources: &'a LinuxResources) -> Result<Begun<'a>> {
        Begun::new(path, resources, Presence::Empty)
    }

    /// [`Cgroup::begin`] and [`Begun::finish`], where somebody else has made the cgroup and keeps it alive with a process
    /// of his.
    pub fn adopt<'a>(path: &str, resources: &'a LinuxResources) -> Result<Begun<'a>> {
        Begun::new(path, resources, Presence::Kept)?.whole()
    }

    /// One that exists already, in at least one hierarchy.
    pub fn open(path: &str) -> Result<Self> {
        let cgroup = Self { path: CgroupPath::parse(path)?, layout: Layout::host()? };
        if cgroup.folders().any(|(_, folder)| folder.is_dir()) {
            Ok(cgroup)
        } else {
            Err(Error::NotFound(path.to_owned()))
        }
    }

    /// Changes limits of a living one; what is none in `resources` stays. Devices are changed when a list is given.
    pub fn update(&self, resources: &LinuxResources) -> Result<()> {
        self.check_use(resources)?;
        limits::apply(self, &limits::planned(self.layout, resources)?)?;
        if resources.devices.is_empty() { Ok(()) } else { limits::apply_devices(self, &resources.devices) }
    }

    /// Where it is asked for, a memory limit below what is in use is refused: version 2 would kill for it.
    fn check_use(&self, resources: &LinuxResources) -> Result<()> {
        let memory = resources.memory.as_ref().filter(|memory| memory.check_before_update == Some(true));
        let Some(limit) = memory.and_then(|memory| memory.limit).and_then(|limit| u64::try_from(limit).ok()) else {
            return Ok(());
        };
        let used = self.stats()?.memory.usage;
        if limit != 0 && limit < used {
            return Err(Error::Limit("memory", format!("{limit} bytes are less than the {used} in use")));
        }
        Ok(())
    }

    /// Removes a parent such as `/knarr` from every hierarchy where it is empty; where it is in use it stays.
    pub fn remove_if_empty(path: &str) -> Result<()> {
        delete::remove_if_empty(&CgroupPath::parse(path)?, Layout::host()?)
    }

    /// The path below each hierarchy.
    pub fn path(&self) -> &CgroupPath {
        &self.path
    }

    /// Its folder in each hierarchy.
    pub fn folders(&self) -> impl Iterator<Item = (&'static Hierarchy, PathBuf)> {
        self.layout.hierarchies.iter().map(|hierarchy| (hierarchy, self.path.below(&hierarchy.mount)))
    }

    /// Ids of the processes inside and below, in the runtime's pid namespace.
    pub fn pids(&self) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for folder in files::tree(&self.tracker())? {
            let text = files::read_if_there(&folder.join("cgroup.procs"))?.unwrap_or_default();
            found.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The folder in the unified tree.
    pub(crate) fn unified(&self) -> Option<PathBuf> {
        self.layout.unified().map(|hierarchy| self.path.below(&hierarchy.mount))
    }

    /// The folder in the hierarchy that governs `controller`, with the version.
    pub(crate) fn of(&self, controller: &str) -> Option<(Version, PathBuf)> {
        let hierarchy = self.layout.of(controller)?;
        Some((hierarchy.version, self.path.below(&hierarchy.mount)))
    }

    /// The folder by which processes are followed: the unified one, else the freezer's, else the first.
    pub(crate) fn tracker(&self) -> PathBuf {
        let other = || self.of("freezer").map(|(_, folder)| folder);
        self.unified().or_else(other).unwrap_or_else(|| self.first())
    }

    fn first(&self) -> PathBuf {
        let mount = self.layout.hierarchies.first().map_or(Path::new("/sys/fs/cgroup"), |h| h.mount.as_path());
        self.path.below(mount)
    }
}
