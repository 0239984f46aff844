//! A stack of layers as one tree in memory: which layer has the file that is seen, and what it hides.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_sys::path::{Entry, Root};
use rustix::fs::{FileType, OFlags, Stat};

use crate::error::{Error, Result};
use crate::unpack::{is_opaque, is_whiteout};

/// A file as the uppermost layer that has it shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The number of that layer in the stack, 0 being the lowest.
    pub(super) layer: usize,
    pub(super) stat: Stat,
}

/// Bytes that a layer carries and that nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The path from the root, with a leading `/`.
    pub path: PathBuf,
    /// Bytes of its content.
    pub size: u64,
    /// The number of the layer that carries it, 0 being the lowest.
    pub layer: usize,
    /// The number of the layer that hides it.
    pub by: usize,
    /// It is gone, not replaced.
    pub deleted: bool,
}

/// The files of a stack, by their paths from the root, and what is hidden in it.
#[derive(Debug, Clone, Default)]
pub struct Merged {
    pub(super) files: BTreeMap<PathBuf, Seen>,
    buried: Vec<Buried>,
    /// The folders of the layers, the lowest first.
    pub(super) layers: Vec<PathBuf>,
}

/// A file that an upper layer hides.
#[derive(Debug, Clone)]
struct Buried {
    path: PathBuf,
    seen: Seen,
    by: usize,
    deleted: bool,
}

impl Merged {
    /// Puts one more layer on top: its folder, and whether it hides everything below.
    pub fn lay(&mut self, folder: &Path, opaque: bool) -> Result<()> {
        if opaque {
            self.bury(Path::new(""), true);
        }
        let root = Root::open(folder).map_err(Error::at("open", folder))?;
        let top = root.open_dir(Path::new("")).map_err(Error::at("open", folder))?;
        self.walk(&top, Path::new(""))?;
        self.layers.push(folder.to_owned());
        Ok(())
    }

    /// The regular files that are hidden and have content, by layer and path. Of a content with several names one is enough for it
    /// to be seen, and it counts once.
    pub fn hidden(&self) -> Vec<Hidden> {
        let content = |seen: &Seen| (seen.layer, seen.stat.st_ino);
        let mut told: HashSet<_> = self.files.values().map(content).collect();
        let mut hidden: Vec<_> =
            self.buried.iter().filter(|file| told.insert(content(&file.seen))).map(Buried::tell).collect();
        hidden.retain(|file| file.size > 0);
        hidden.sort_by(|a, b| (a.layer, &a.path).cmp(&(b.layer, &b.path)));
        hidden
    }

    fn walk(&mut self, folder: &OwnedFd, path: &Path) -> Result<()> {
        for name in Entry::list(folder).map_err(Error::at("list", path))? {
            let path = path.join(&name);
            let entry = Entry::new(folder.as_fd(), &name).map_err(Error::at("open", &path))?;
            let Some(stat) = entry.stat().map_err(Error::at("look up", &path))? else { continue };
            if is_whiteout(&stat) {
                self.bury(&path, true);
            } else {
                self.add(&entry, path, stat)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, entry: &Entry<'_>, path: PathBuf, stat: Stat) -> Result<()> {
        let folder = is_folder(&stat);
        let hides = match self.files.get(&path) {
            Some(below) if folder && is_folder(&below.stat) => {
                let node = entry.node().map_err(Error::at("open", &path))?;
                is_opaque(&node).map_err(Error::at("look up", &path))?
            }
            below => below.is_some(),
        };
        if hides {
            self.bury(&path, folder);
        }
        let layer = self.layers.len();
        self.files.insert(path.clone(), Seen { layer, stat });
        if folder {
            let below = entry.open(OFlags::RDONLY | OFlags::DIRECTORY).map_err(Error::at("open", &path))?;
            self.walk(&below, &path)?;
        }
        Ok(())
    }

    /// Hides a path and all below it, from the layer that is being laid.
    fn bury(&mut self, path: &Path, deleted: bool) {
        let by = self.layers.len();
        let below = self.files.range(path.to_owned()..).take_while(|(known, _)| known.starts_with(path));
        let gone: Vec<PathBuf> = below.map(|(known, _)| known.clone()).collect();
        for known in gone {
            if let Some(seen) = self.files.remove(&known) {
                self.buried.push(Buried { deleted: deleted || known != path, path: known, seen, by });
            }
        }
    }
}

impl Buried {
    fn tell(&self) -> Hidden {
        let regular = FileType::from_raw_mode(self.seen.stat.st_mode) == FileType::RegularFile;
        let size = if regular { u64::try_from(self.seen.stat.st_size).unwrap_or(0) } else { 0 };
        let path = Path::new("/").join(&self.path);
        Hidden { path, size, layer: self.seen.layer, by: self.by, deleted: self.deleted }
    }
}

pub(super) fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}
