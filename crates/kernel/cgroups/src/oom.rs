//! Being told when the kernel kills for want of memory.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::inotify;
use rustix::fs::{Mode, OFlags};

use crate::{Cgroup, Error, Result, Version, files};

/// A descriptor that becomes readable when a process inside may have been killed for want of memory.
#[derive(Debug)]
pub struct OomWatch {
    events: OwnedFd,
    folder: PathBuf,
    version: Version,
    /// Kills that were told (version 2, whose file also changes for other reasons).
    told: AtomicU64,
}

impl Cgroup {
    /// Watches the memory controller; none on a host without one.
    pub fn watch_oom(&self) -> Result<Option<OomWatch>> {
        let Some((version, folder)) = self.of("memory") else { return Ok(None) };
        let events = match version {
            Version::V1 => notified(&folder)?,
            Version::V2 => modified(&folder)?,
        };
        Ok(Some(OomWatch { events, folder, version, told: AtomicU64::new(0) }))
    }
}

impl OomWatch {
    /// Takes what made the descriptor readable; whether the kernel has killed. An error when the cgroup has gone.
    pub fn take(&self) -> Result<bool> {
        let mut events = [0; 4096];
        rustix::io::read(&self.events, &mut events).map_err(|e| Error::io("read the events of", &self.folder, e))?;
        match self.version {
            // Removal is told too.
            Version::V1 => files::read(&self.folder.join("memory.oom_control")).map(|_| true),
            Version::V2 => {
                let text = files::read(&self.folder.join("memory.events"))?;
                let killed = files::value_of(&text, "oom_kill").unwrap_or(0);
                Ok(self.told.swap(killed, Ordering::Relaxed) < killed)
            }
        }
    }
}

impl AsFd for OomWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

/// Version 1: the kernel writes to an eventfd that is registered in `cgroup.event_control`.
fn notified(folder: &std::path::Path) -> Result<OwnedFd> {
    let control = folder.join("memory.oom_control");
    let events = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
        .map_err(|e| Error::io("make an event descriptor for", &control, e))?;
    let file = rustix::fs::open(&control, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|e| Error::io("open", &control, e))?;
    let registration = format!("{} {}", events.as_raw_fd(), file.as_raw_fd());
    files::write(&folder.join("cgroup.event_control"), &registration)?;
    Ok(events)
}

/// Version 2: `memory.events` counts as modified at each of its events.
fn modified(folder: &std::path::Path) -> Result<OwnedFd> {
    let file = folder.join("memory.events");
    let events = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
        .map_err(|e| Error::io("make a watch of", &file, e))?;
    inotify::add_watch(&events, &file, inotify::WatchFlags::MODIFY | inotify::WatchFlags::DELETE_SELF)
        .map_err(|e| Error::io("watch", &file, e))?;
    Ok(events)
}
