//! One name in an open folder.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use super::Node;

/// A name in a folder; a symlink of that name is never followed.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    dir: BorrowedFd<'a>,
    name: &'a OsStr,
}

impl<'a> Entry<'a> {
    /// The name `name` in `dir`; anything but one plain component is refused.
    pub fn new(dir: BorrowedFd<'a>, name: &'a OsStr) -> io::Result<Self> {
        let bytes = name.as_bytes();
        if matches!(bytes, b"" | b"." | b"..") || bytes.contains(&b'/') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file name"));
        }
        Ok(Self { dir, name })
    }

    /// The name.
    pub fn name(&self) -> &'a OsStr {
        self.name
    }

    /// What is there, if anything.
    pub fn stat(&self) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(self.dir, self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Pins what is there.
    pub fn node(&self) -> io::Result<Node> {
        Ok(Node::from_fd(self.open(OFlags::PATH)?))
    }

    /// Opens what is there; `ELOOP` for a symlink. Add `O_NONBLOCK` where it may be a FIFO.
    pub fn open(&self, flags: OFlags) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat(self.dir, self.name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
    }

    /// Makes a new, empty file and opens it for writing; `EEXIST` where the name is taken.
    pub fn create_file(&self, mode: u32) -> io::Result<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(self.dir, self.name, flags, Mode::from_raw_mode(mode))?)
    }

    /// Makes a folder.
    pub fn create_dir(&self, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(self.dir, self.name, Mode::from_raw_mode(mode))?)
    }

    /// Makes a symlink; the target is only text.
    pub fn create_symlink(&self, target: &Path) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, self.dir, self.name)?)
    }

    /// Makes this name a further name of `existing`, which is not followed.
    pub fn link_to(&self, existing: &Entry<'_>) -> io::Result<()> {
        Ok(rustix::fs::linkat(existing.dir, existing.name, self.dir, self.name, AtFlags::empty())?)
    }

    /// Makes a device node or FIFO.
    pub fn create_node(&self, kind: FileType, mode: u32, major: u32, minor: u32) -> io::Result<()> {
        let device = rustix::fs::makedev(major, minor);
        Ok(rustix::fs::mknodat(self.dir, self.name, kind, Mode::from_raw_mode(mode), device)?)
    }

    /// Where a symlink points.
    pub fn read_link(&self) -> io::Result<PathBuf> {
        let target = rustix::fs::readlinkat(self.dir, self.name, Vec::new())?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// Removes what is there, folders with all they hold; nothing there is fine.
    pub fn remove_tree(&self) -> io::Result<()> {
        let Some(stat) = self.stat()? else { return Ok(()) };
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Ok(rustix::fs::unlinkat(self.dir, self.name, AtFlags::empty())?);
        }
        super::remove::remove_folder(self)
    }

    pub(super) fn remove_empty_folder(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self.dir, self.name, AtFlags::REMOVEDIR)?)
    }
}

impl Entry<'_> {
    /// The names in an open folder, sorted by bytes, without `.` and `..`.
    pub fn list(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
        let mut names = names(folder)?;
        names.sort();
        Ok(names)
    }
}

pub(super) fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    Ok(names)
}
