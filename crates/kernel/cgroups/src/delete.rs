//! Removing the folders.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Cgroup, CgroupPath, Error, Layout, Result, files};

/// How long a folder may stay busy: its processes are dead, but the kernel is still at work on them.
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl Cgroup {
    /// Removes it and everything below it from every hierarchy, deepest first. Processes must be dead or dying; where
    /// one lives on it is an error, after all other hierarchies have been cleaned. One that is gone is no error.
    pub fn delete(&self) -> Result<()> {
        let mut first = Ok(());
        for (_, folder) in self.folders() {
            first = first.and(remove_tree(&folder));
        }
        first
    }
}

/// Removes an empty parent such as `/knarr` from every hierarchy; one that is still in use stays.
pub(crate) fn remove_if_empty(path: &CgroupPath, layout: &Layout) -> Result<()> {
    for hierarchy in &layout.hierarchies {
        let folder = path.below(&hierarchy.mount);
        match fs::remove_dir(&folder) {
            Ok(()) => {}
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ResourceBusy) => {}
            Err(e) => return Err(Error::io("remove the cgroup", folder, e)),
        }
    }
    Ok(())
}

fn remove_tree(folder: &Path) -> Result<()> {
    if let Some(result) = try_remove(folder) {
        return result;
    }
    let end = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        for inner in files::tree(folder)?.iter().skip(1).rev() {
            try_remove(inner).unwrap_or(Ok(()))?;
        }
        if let Some(result) = try_remove(folder) {
            return result;
        }
        if Instant::now() >= end {
            return Err(Error::Timeout {
                operation: "remove",
                path: folder.to_path_buf(),
                seconds: PATIENCE.as_secs(),
            });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// None while it is busy.
fn try_remove(folder: &Path) -> Option<Result<()>> {
    match fs::remove_dir(folder) {
        Ok(()) => Some(Ok(())),
        Err(e) if e.kind() == ErrorKind::NotFound => Some(Ok(())),
        Err(e) if e.kind() == ErrorKind::ResourceBusy => None,
        Err(e) => Some(Err(Error::io("remove the cgroup", folder, e))),
    }
}
