//! Lookups that cannot leave a root: openat2(2) with `RESOLVE_IN_ROOT`.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat, openat2, readlinkat};
use rustix::io::Errno;

use crate::{Error, Result};

/// How many links that lead to nothing are followed, as the kernel counts the others.
const LINK_LIMIT: u32 = 40;

fn fewer(links: u32) -> rustix::io::Result<u32> {
    links.checked_sub(1).ok_or(Errno::LOOP)
}

/// A folder within which paths are resolved: `..` and absolute links stay inside, magic links are not followed.
#[derive(Debug)]
pub struct Root(OwnedFd);

impl Root {
    /// A root at a folder, or a mount, that is open.
    pub fn new(folder: OwnedFd) -> Self {
        Self(folder)
    }

    /// The folder itself.
    pub fn folder(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Opens what `path` names, symbolic links followed, as an `O_PATH` descriptor.
    pub fn open(&self, path: &Path) -> Result<OwnedFd> {
        self.open_as(path, OFlags::PATH, ResolveFlags::empty())
    }

    /// Opens what `path` names, where no part of it may be a symbolic link, as an `O_PATH` descriptor.
    pub fn open_without_links(&self, path: &Path) -> Result<OwnedFd> {
        self.open_as(path, OFlags::PATH | OFlags::NOFOLLOW, ResolveFlags::NO_SYMLINKS)
    }

    /// Opens with flags of openat(2) and further restrictions.
    pub fn open_as(&self, path: &Path, flags: OFlags, restrict: ResolveFlags) -> Result<OwnedFd> {
        self.try_open(path, flags, restrict).map_err(|e| Error::io("open", path.display().to_string(), e))
    }

    /// Opens a folder, and makes it and the folders above it with `mode` where they are missing. A link that leads to
    /// nothing is followed, inside the root, and what it names is made.
    pub fn make_folder(&self, path: &Path, mode: Mode) -> Result<OwnedFd> {
        let fault = |e| Error::io("create the folder", path.display().to_string(), e);
        self.folder_at(path, mode, LINK_LIMIT).map_err(fault)
    }

    /// Opens a file of any type, and makes an empty regular one, and the folders above it, where it is missing; links as
    /// for [`Root::make_folder`].
    pub fn make_file(&self, path: &Path, mode: Mode) -> Result<OwnedFd> {
        let fault = |e| Error::io("create", path.display().to_string(), e);
        self.file_at(path, mode, LINK_LIMIT).map_err(fault)
    }

    /// Opens the folder that a path lies in, made where it is missing, and gives the path's last name.
    pub fn parent<'a>(&self, path: &'a Path) -> Result<(OwnedFd, &'a OsStr)> {
        let fault = |e| Error::io("create the folder of", path.display().to_string(), e);
        self.parent_at(path, LINK_LIMIT).map_err(fault)
    }

    fn folder_at(&self, path: &Path, mode: Mode, links: u32) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.try_open(path, flags, ResolveFlags::empty()) {
            Err(Errno::NOENT) if path.file_name().is_some() => {}
            other => return other,
        }
        let (folder, name) = self.parent_at(path, links)?;
        match mkdirat(&folder, name, mode) {
            Err(Errno::EXIST) => self.folder_at(&self.followed(path, &folder, name)?, mode, fewer(links)?),
            other => other.and_then(|()| self.try_open(path, flags | OFlags::NOFOLLOW, ResolveFlags::empty())),
        }
    }

    fn file_at(&self, path: &Path, mode: Mode, links: u32) -> rustix::io::Result<OwnedFd> {
        match self.try_open(path, OFlags::PATH, ResolveFlags::empty()) {
            Err(Errno::NOENT) => {}
            other => return other,
        }
        let (folder, name) = self.parent_at(path, links)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::WRONLY;
        match openat(&folder, name, flags, mode) {
            Err(Errno::EXIST) => self.file_at(&self.followed(path, &folder, name)?, mode, fewer(links)?),
            other => other.and_then(|_| self.try_open(path, OFlags::PATH | OFlags::NOFOLLOW, ResolveFlags::empty())),
        }
    }

    fn parent_at<'a>(&self, path: &'a Path, links: u32) -> rustix::io::Result<(OwnedFd, &'a OsStr)> {
        let name = path.file_name().ok_or(Errno::INVAL)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        Ok((self.folder_at(folder, Mode::from_raw_mode(0o755), links)?, name))
    }

    /// Where the link at `path` leads. The answer is looked up inside the root again, so it can say what it wants.
    fn followed(&self, path: &Path, folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<PathBuf> {
        let target = readlinkat(folder, name, Vec::new())?;
        let target = Path::new(OsStr::from_bytes(target.as_bytes()));
        Ok(path.parent().unwrap_or(Path::new("/")).join(target))
    }

    fn try_open(&self, path: &Path, flags: OFlags, restrict: ResolveFlags) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | restrict;
        let path = if path.as_os_str().is_empty() { Path::new("/") } else { path };
        // EAGAIN: something was renamed while ".." was being resolved.
        for _ in 0..128 {
            match openat2(&self.0, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return other,
            }
        }
        Err(Errno::AGAIN)
    }
}

impl Root {
    /// Whether an open file is a folder.
    pub fn is_folder(file: impl AsFd) -> Result<bool> {
        let stat = fstat(file).map_err(|e| Error::io("look at", "an open file", e))?;
        Ok(FileType::from_raw_mode(stat.st_mode).is_dir())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn root(folder: &Path) -> Root {
        Root::new(rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap())
    }

    #[test]
    fn folders_are_made_behind_absolute_links_inside_the_root() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        symlink("/run", folder.path().join("var")).unwrap();
        root(folder.path()).make_folder(Path::new("/var/a/b"), Mode::from_raw_mode(0o755)).unwrap();
        assert!(folder.path().join("run/a/b").is_dir());
    }

    #[test]
    fn dots_and_links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        symlink("/etc", folder.path().join("out")).unwrap();
        let root = root(folder.path());
        assert!(root.open(Path::new("/out/passwd")).is_err());
        assert!(root.open(Path::new("/../../../../etc/passwd")).is_err());
        root.make_file(Path::new("/../x"), Mode::from_raw_mode(0o644)).unwrap();
        assert!(folder.path().join("x").is_file());
    }

    #[test]
    fn what_a_dangling_link_names_is_made_inside_the_root() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("etc")).unwrap();
        symlink("../../run/a/file", folder.path().join("etc/link")).unwrap();
        symlink("/elsewhere", folder.path().join("way")).unwrap();
        let root = root(folder.path());
        root.make_file(Path::new("/etc/link"), Mode::from_raw_mode(0o644)).unwrap();
        root.make_folder(Path::new("/way/below"), Mode::from_raw_mode(0o755)).unwrap();
        assert!(folder.path().join("run/a/file").is_file());
        assert!(folder.path().join("elsewhere/below").is_dir());
        assert!(!Path::new("/elsewhere").exists());
    }

    #[test]
    fn links_in_a_circle_end() {
        let folder = tempfile::tempdir().unwrap();
        symlink("b/x", folder.path().join("a")).unwrap();
        symlink("a/x", folder.path().join("b")).unwrap();
        let root = root(folder.path());
        assert!(root.make_folder(Path::new("/a"), Mode::from_raw_mode(0o755)).is_err());
        assert!(root.make_file(Path::new("/a"), Mode::from_raw_mode(0o644)).is_err());
    }
}
