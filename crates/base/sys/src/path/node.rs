//! A pinned file of any kind, and its attributes.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;

use rustix::fs::{AtFlags, Gid, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

/// A point in time: seconds since the epoch, may be negative, and nanoseconds below 10⁹ after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds after the second.
    pub nanoseconds: u32,
}

/// An open descriptor, often `O_PATH`, of a file, folder, symlink or device.
#[derive(Debug)]
pub struct Node {
    fd: OwnedFd,
}

impl Node {
    /// Takes a descriptor.
    pub fn from_fd(fd: OwnedFd) -> Self {
        Self { fd }
    }

    /// Gives the descriptor back.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// fstat(2).
    pub fn stat(&self) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(&self.fd)?)
    }

    /// Sets owner and group; clears setuid bits and capabilities, so it comes before [`Node::set_mode`].
    pub fn set_owner(&self, uid: u32, gid: u32) -> io::Result<()> {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        Ok(rustix::fs::chownat(&self.fd, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?)
    }

    /// Sets the permission bits (12 bits). Symlinks have none.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::chmod(self.link(), Mode::from_raw_mode(mode & 0o7777))?)
    }

    /// Sets the times of last access and modification.
    pub fn set_times(&self, accessed: Time, modified: Time) -> io::Result<()> {
        let spec = |t: Time| Timespec { tv_sec: t.seconds, tv_nsec: t.nanoseconds.into() };
        let times = Timestamps { last_access: spec(accessed), last_modification: spec(modified) };
        Ok(rustix::fs::utimensat(&self.fd, "", &times, AtFlags::EMPTY_PATH)?)
    }

    /// Sets an extended attribute.
    pub fn set_xattr(&self, name: &OsStr, value: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::setxattr(self.link(), name, value, XattrFlags::empty())?)
    }

    /// An extended attribute, if it is there.
    pub fn xattr(&self, name: &OsStr) -> io::Result<Option<Vec<u8>>> {
        let path = self.link();
        let mut value = vec![0; 256];
        loop {
            match rustix::fs::getxattr(&path, name, value.as_mut_slice()) {
                Ok(length) => {
                    value.truncate(length);
                    return Ok(Some(value));
                }
                Err(Errno::RANGE) => value.resize(rustix::fs::getxattr_query(&path, name)?, 0),
                Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The names of all extended attributes, sorted.
    pub fn xattr_names(&self) -> io::Result<Vec<OsString>> {
        let path = self.link();
        let mut list = vec![0; 1024];
        let length = loop {
            match rustix::fs::listxattr(&path, list.as_mut_slice()) {
                Ok(length) => break length,
                Err(Errno::RANGE) => list.resize(rustix::fs::listxattr_query(&path)?, 0),
                Err(Errno::OPNOTSUPP) => break 0,
                Err(e) => return Err(e.into()),
            }
        };
        let names = list[..length].split(|b| *b == 0).filter(|name| !name.is_empty());
        let mut names: Vec<_> = names.map(|name| OsString::from_vec(name.to_vec())).collect();
        names.sort();
        Ok(names)
    }

    /// The magic link that names exactly this file for calls that take only a path.
    fn link(&self) -> String {
        format!("/proc/self/fd/{}", self.fd.as_raw_fd())
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
