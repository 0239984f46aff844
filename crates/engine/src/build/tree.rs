//! A folder, or a detached mount, as a tree to copy from. The kernel keeps every lookup inside.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use knarr_build::tree::{FileKind, Metadata, Tree};
use knarr_layers::Attributes;
use knarr_model::{Fault, Result};
use knarr_sys::path::{Entry, Node, Root};
use rustix::fs::{FileType, Mode, OFlags, Stat};

/// Files below a root.
pub(super) struct RootTree(pub(super) Root);

impl RootTree {
    fn node(&self, path: &Path, follow: bool) -> io::Result<Option<Node>> {
        let found = match follow {
            true => self.0.node(path),
            false => self.0.node_nofollow(path),
        };
        match found {
            Ok(node) => Ok(Some(node)),
            Err(e) if is_nothing(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl Tree for RootTree {
    fn metadata(&self, path: &Path, follow: bool) -> Result<Option<Metadata>> {
        let look = || self.node(path, follow)?.map(|node| node.stat().map(|stat| metadata(&stat))).transpose();
        look().map_err(|e| Fault::io(format!("look up {}", path.display()), e))
    }

    fn list(&self, folder: &Path) -> Result<Vec<OsString>> {
        let list = || Entry::list(&self.0.open_dir(folder)?);
        list().map_err(|e| Fault::io(format!("list {}", folder.display()), e))
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        let read = || {
            let (dir, name) = self.0.parent(path)?;
            Entry::new(dir.as_fd(), name)?.read_link()
        };
        read().map_err(|e| Fault::io(format!("read link {}", path.display()), e))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = self.0.open_at(path, flags, Mode::empty());
        let file = File::from(opened.map_err(|e| Fault::io(format!("open {}", path.display()), e))?);
        let metadata = file.metadata().map_err(|e| Fault::io(format!("look up {}", path.display()), e))?;
        match metadata.is_file() {
            true => Ok(Box::new(file)),
            false => Err(Fault::invalid(format!("{} is not a regular file", path.display()))),
        }
    }

    fn attributes(&self, path: &Path) -> Result<Vec<(OsString, Vec<u8>)>> {
        let read = || Attributes::of_node(&self.0.node(path)?);
        let attributes = read().map_err(|e| Fault::io(format!("read attributes of {}", path.display()), e))?;
        Ok(attributes.xattrs)
    }
}

/// Nothing is there: also where a file stands in a folder's place, or links go in circles.
fn is_nothing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG))
}

fn metadata(stat: &Stat) -> Metadata {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FileKind::Regular,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Special,
    };
    Metadata {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        inode: (stat.st_nlink > 1).then_some((stat.st_dev, stat.st_ino)),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookups_stay_inside_and_never_wait() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "text").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("out")).unwrap();
        std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("pipe"), FileType::Fifo, mode, 0).unwrap();
        let tree = RootTree(Root::open(dir.path()).unwrap());
        assert_eq!(tree.metadata(Path::new("out"), true).unwrap(), None);
        assert_eq!(tree.metadata(Path::new("out"), false).unwrap().unwrap().kind, FileKind::Link);
        assert_eq!(tree.metadata(Path::new("loop"), true).unwrap(), None);
        assert_eq!(tree.metadata(Path::new("file/x"), true).unwrap(), None);
        assert_eq!(tree.metadata(Path::new("../../file"), true).unwrap().unwrap().size, 4);
        assert!(tree.open(Path::new("pipe")).is_err());
        assert_eq!(tree.read_link(Path::new("out")).unwrap(), Path::new("/etc/passwd"));
    }
}
