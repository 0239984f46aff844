//! A folder as the root of path resolution.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{DEPTH, Entry, Node};

/// Symlinks followed while missing folders are made, as the kernel's own limit (path_resolution(7)).
const LINKS: usize = 40;

/// A folder below which paths are resolved.
#[derive(Debug)]
pub struct Root {
    fd: OwnedFd,
}

impl Root {
    /// Opens the folder at `path` (a path of ours, not of a container).
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { fd: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// Pins the file or folder at `path` (a path of ours), symlinks followed.
    pub fn open_any(path: &Path) -> io::Result<Node> {
        Ok(Node::from_fd(rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Takes an open folder, for example a detached mount.
    pub fn from_fd(fd: OwnedFd) -> Self {
        Self { fd }
    }

    /// Opens what `path` names; the last component is followed too, unless `flags` has `O_NOFOLLOW`.
    pub fn open_at(&self, path: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        loop {
            match rustix::fs::openat2(&self.fd, path, flags | OFlags::CLOEXEC, mode, resolve) {
                // A rename elsewhere raced with `..` (openat2(2), EAGAIN), or a signal came.
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }

    /// Opens a folder for reading.
    pub fn open_dir(&self, path: &Path) -> io::Result<OwnedFd> {
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
    }

    /// Pins what `path` names, symlinks followed.
    pub fn node(&self, path: &Path) -> io::Result<Node> {
        Ok(Node::from_fd(self.open_at(path, OFlags::PATH, Mode::empty())?))
    }

    /// Pins what `path` names; where that is a symlink, the symlink.
    pub fn node_nofollow(&self, path: &Path) -> io::Result<Node> {
        Ok(Node::from_fd(self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?))
    }

    /// How many folders a folder below this one is really deep, links on the way there followed; [`DEPTH`] and one where the kernel has no text
    /// for so long a path.
    pub fn depth(&self, folder: BorrowedFd<'_>) -> io::Result<usize> {
        let count =
            |fd: BorrowedFd<'_>| match rustix::fs::readlink(format!("/proc/self/fd/{}", fd.as_raw_fd()), Vec::new()) {
                Ok(path) => Ok(Path::new(OsStr::from_bytes(path.as_bytes())).components().count()),
                Err(Errno::NAMETOOLONG) => Ok(usize::MAX),
                Err(error) => Err(io::Error::from(error)),
            };
        Ok(count(folder)?.saturating_sub(count(self.as_fd())?).min(DEPTH + 1))
    }

    /// Opens the folder that `path` lies in, and says the name it has there. Paths without a last name (`/`, `..`) are
    /// refused.
    pub fn parent<'p>(&self, path: &'p Path) -> io::Result<(OwnedFd, &'p OsStr)> {
        let (parent, name) = split(path)?;
        Ok((self.open_dir(parent)?, name))
    }

    /// Makes the folder `path` and its missing parents with mode 0755, following symlinks inside the root, dangling ones too.
    /// `made` is told of each new folder with the path it was made under.
    pub fn create_dir_all(
        &self,
        path: &Path,
        made: &mut dyn FnMut(&Node, &Path) -> io::Result<()>,
    ) -> io::Result<OwnedFd> {
        self.create_dirs(path, made, LINKS)
    }

    fn create_dirs(
        &self,
        path: &Path,
        made: &mut dyn FnMut(&Node, &Path) -> io::Result<()>,
        links: usize,
    ) -> io::Result<OwnedFd> {
        let mut prefix = PathBuf::new();
        for component in path.components().filter(|c| !matches!(c, Component::RootDir | Component::CurDir)) {
            prefix.push(component);
            match self.open_at(&prefix, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => self.create_one(&prefix, made, links)?,
                other => drop(other?),
            }
        }
        self.open_dir(path)
    }

    /// Makes the last component of `path`, whose parents exist, or what a dangling symlink of that name points to.
    fn create_one(
        &self,
        path: &Path,
        made: &mut dyn FnMut(&Node, &Path) -> io::Result<()>,
        links: usize,
    ) -> io::Result<()> {
        let (dir, name) = self.parent(path)?;
        let entry = Entry::new(dir.as_fd(), name)?;
        match entry.create_dir(0o755) {
            Ok(()) => made(&entry.node()?, path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && links > 0 => {
                let target = entry.read_link()?;
                let base = if target.is_absolute() { Path::new("") } else { split(path)?.0 };
                self.create_dirs(&base.join(target.strip_prefix("/").unwrap_or(&target)), made, links - 1).map(drop)
            }
            Err(e) => Err(e),
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Splits the last name off. Unlike `Path::file_name` it does not look through a last `.`.
fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let bytes = path.as_os_str().as_bytes();
    let end = bytes.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
    let start = bytes[..end].iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    let name = OsStr::from_bytes(&bytes[start..end]);
    match name.as_bytes() {
        b"" | b"." | b".." => Err(io::Error::new(io::ErrorKind::InvalidInput, "path does not end in a name")),
        _ => Ok((Path::new(OsStr::from_bytes(&bytes[..start])), name)),
    }
}
