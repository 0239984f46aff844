//! Copies a folder with all it holds below descriptors: owners, modes, times, extended attributes, hard links, symlinks,
//! devices.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use knarr_sys::path::{DEPTH, Entry, Node, Root, Time};
use rustix::fs::{FileType, OFlags, Stat};

/// Copies what `source` holds, and its own attributes, into the empty folder `target`.
pub(crate) fn copy_tree(source: OwnedFd, target: OwnedFd) -> io::Result<()> {
    let copy = target.try_clone()?;
    let mut copier = Copier { target: Root::from_fd(copy), links: HashMap::new() };
    copier.folder(&source, &target, Path::new(""), 0)
}

struct Copier {
    target: Root,
    /// Where the first name of a file with several was copied to, by device and inode of the source.
    links: HashMap<(u64, u64), PathBuf>,
}

impl Copier {
    /// Copies a folder's content, then its attributes: its times would change otherwise.
    fn folder(&mut self, source: &OwnedFd, target: &OwnedFd, path: &Path, depth: usize) -> io::Result<()> {
        if depth > DEPTH {
            return Err(io::Error::other(format!("folders are nested deeper than {DEPTH}")));
        }
        for name in Entry::list(source)? {
            let entry = Entry::new(source.as_fd(), &name)?;
            let Some(stat) = entry.stat()? else { continue };
            self.entry(entry, &stat, Entry::new(target.as_fd(), &name)?, &path.join(&name), depth)?;
        }
        let node = Node::from_fd(source.try_clone()?);
        copy_attributes(&node, &node.stat()?, &Node::from_fd(target.try_clone()?))
    }

    fn entry(&mut self, from: Entry<'_>, stat: &Stat, to: Entry<'_>, path: &Path, depth: usize) -> io::Result<()> {
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Directory {
            to.create_dir(0o700)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            return self.folder(&from.open(flags)?, &to.open(flags)?, path, depth + 1);
        }
        if stat.st_nlink > 1 {
            let id = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&id) {
                let (folder, name) = self.target.parent(first)?;
                return to.link_to(&Entry::new(folder.as_fd(), name)?);
            }
            self.links.insert(id, path.to_owned());
        }
        match kind {
            FileType::RegularFile => copy_file(&from, &to)?,
            FileType::Symlink => to.create_symlink(&from.read_link()?)?,
            // A socket means nothing without the process that listens on it.
            FileType::Socket => return Ok(()),
            _ => {
                let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
                to.create_node(kind, 0o600, major, minor)?;
            }
        }
        copy_attributes(&from.node()?, stat, &to.node()?)
    }
}

fn copy_file(from: &Entry<'_>, to: &Entry<'_>) -> io::Result<()> {
    // Not blocked by a FIFO that took the file's place.
    let mut source = File::from(from.open(OFlags::RDONLY | OFlags::NONBLOCK)?);
    let mut target = File::from(to.create_file(0o600)?);
    io::copy(&mut source, &mut target).map(drop)
}

/// The owner comes before the mode, because changing it clears setuid bits; the times come last.
fn copy_attributes(from: &Node, stat: &Stat, to: &Node) -> io::Result<()> {
    to.set_owner(stat.st_uid, stat.st_gid)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
        to.set_mode(stat.st_mode)?;
        for name in from.xattr_names()?.iter().filter(|name| copied(name)) {
            if let Some(value) = from.xattr(name)? {
                to.set_xattr(name, &value)?;
            }
        }
    }
    to.set_times(time(stat.st_atime, stat.st_atime_nsec), time(stat.st_mtime, stat.st_mtime_nsec))
}

/// The overlay's own marks are no part of an image, and labels are the host's affair.
fn copied(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    !bytes.starts_with(b"trusted.overlay.") && !bytes.starts_with(b"user.overlay.") && bytes != b"security.selinux"
}

fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> Time {
    Time { seconds, nanoseconds: nanoseconds.try_into().unwrap_or_default() }
}
