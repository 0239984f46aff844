//! How a process gets inside.
//!
//! The parent opens what is needed; the child writes by itself, because a parent that moves a child waits for the
//! kernel's thread group lock: 12 ms. The same wait strikes a write to `cgroup.procs` of the unified tree (about 9 ms),
//! so there the child is born inside by `CLONE_INTO_CGROUP`.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::{Cgroup, CgroupPath, Error, Layout, Result, Version, files};

/// Opened ways into a cgroup.
#[derive(Debug, Default)]
pub struct Join {
    /// The folder in the unified tree, for `clone3` with `CLONE_INTO_CGROUP`. None on a host without one.
    pub clone_into: Option<OwnedFd>,
    /// `tasks` of each v1 hierarchy: the (single-threaded) child writes `0` to each, before it makes a thread.
    pub tasks: Vec<OwnedFd>,
}

impl Join {
    /// Puts the calling, single-threaded process inside the v1 hierarchies. Does not allocate.
    pub fn enter_tasks(&self) -> Result<(), Errno> {
        self.tasks.iter().try_for_each(|tasks| rustix::io::write(tasks, b"0").map(drop))
    }

    /// Puts the calling process inside the unified tree, for a process that was not born there. Does not allocate.
    pub fn enter_unified(&self) -> Result<(), Errno> {
        let Some(folder) = &self.clone_into else { return Ok(()) };
        let procs =
            rustix::fs::openat(folder.as_fd(), c"cgroup.procs", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::write(procs, b"0").map(drop)
    }
}

impl Cgroup {
    /// Opens what a child needs to get inside; the descriptors are close-on-exec.
    pub fn join(&self) -> Result<Join> {
        self.join_below(&[])
    }

    /// [`Cgroup::join`], with existing cgroups below this one for some hierarchies: controllers, separated by commas,
    /// and the path; no controllers mean every hierarchy.
    pub fn join_below(&self, paths: &[(&str, &str)]) -> Result<Join> {
        for controller in paths.iter().flat_map(|(names, _)| names.split(',')).filter(|name| !name.is_empty()) {
            if self.layout.of(controller).is_none() {
                return Err(Error::NoController { controller: controller.to_owned(), file: "cgroup.procs".to_owned() });
            }
        }
        let mut join = Join::default();
        for (hierarchy, folder) in self.folders() {
            let chosen = paths.iter().find(|(names, _)| names.is_empty() || names.split(',').any(|n| hierarchy.has(n)));
            let folder = match chosen.map(|(_, path)| path.trim_matches('/')) {
                None | Some("") => folder,
                Some(path) => CgroupPath::parse(path)?.below(&folder),
            };
            match hierarchy.version {
                Version::V1 => join.tasks.push(open(&folder.join("tasks"), OFlags::WRONLY)?),
                Version::V2 => join.clone_into = Some(open_folder(&folder)?),
            }
        }
        Ok(join)
    }
}

impl Join {
    /// The way into the unified tree's cgroup of a process: where a container has made cgroups of its own below its own
    /// one, that takes no process any more, and those that join go where its first process is.
    pub fn beside(self, pid: i32) -> Result<Self> {
        let Some(unified) = Layout::host()?.unified() else { return Ok(self) };
        let text = files::read(Path::new(&format!("/proc/{pid}/cgroup")))?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
        let folder = CgroupPath::parse(path)?.below(&unified.mount);
        Ok(Self { clone_into: Some(open_folder(&folder)?), ..self })
    }
}

/// Opens a folder of the unified tree.
pub(crate) fn open_folder(path: &Path) -> Result<OwnedFd> {
    open(path, OFlags::RDONLY | OFlags::DIRECTORY)
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd> {
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).map_err(|e| Error::io("open", path, e))
}
