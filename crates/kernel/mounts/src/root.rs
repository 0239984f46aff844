//! Lookups that cannot leave a root: openat2(2) with `RESOLVE_IN_ROOT`.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat, openat2};
use rustix::io::Errno;

use crate::{Error, Result};

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

    /// Opens a folder, and makes it and the folders above it with `mode` where they are missing.
    pub fn make_folder(&self, path: &Path, mode: Mode) -> Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.try_open(path, flags, ResolveFlags::empty()) {
            Err(Errno::NOENT) => self.make_folders(path, mode),
            other => other.map_err(|e| Error::io("open", path.display().to_string(), e)),
        }
    }

    /// Opens a file of any type, and makes an empty regular one, and the folders above it, where it is missing.
    pub fn make_file(&self, path: &Path, mode: Mode) -> Result<OwnedFd> {
        match self.try_open(path, OFlags::PATH, ResolveFlags::empty()) {
            Err(Errno::NOENT) => {}
            other => return other.map_err(|e| Error::io("open", path.display().to_string(), e)),
        }
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::WRONLY;
        openat(&folder, name, flags, mode).map_err(|e| Error::io("create", path.display().to_string(), e))?;
        self.open_as(path, OFlags::PATH, ResolveFlags::NO_MAGICLINKS)
    }

    /// Opens the folder that a path lies in, made where it is missing, and gives the path's last name.
    pub fn parent<'a>(&self, path: &'a Path) -> Result<(OwnedFd, &'a OsStr)> {
        let name = path.file_name().ok_or_else(|| Error::io("use", path.display().to_string(), Errno::INVAL))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        Ok((self.make_folder(folder, Mode::from_raw_mode(0o755))?, name))
    }

    fn make_folders(&self, path: &Path, mode: Mode) -> Result<OwnedFd> {
        let fault = |e: Errno| Error::io("create the folder", path.display().to_string(), e);
        let mut sofar = PathBuf::from("/");
        let mut folder =
            self.try_open(&sofar, OFlags::PATH | OFlags::DIRECTORY, ResolveFlags::empty()).map_err(fault)?;
        for part in path.components() {
            if matches!(part, Component::RootDir | Component::CurDir) {
                continue;
            }
            sofar.push(part);
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            folder = match self.try_open(&sofar, flags, ResolveFlags::empty()) {
                Err(Errno::NOENT) => {
                    mkdirat(&folder, part.as_os_str(), mode).map_err(fault)?;
                    self.try_open(&sofar, flags | OFlags::NOFOLLOW, ResolveFlags::empty()).map_err(fault)?
                }
                other => other.map_err(fault)?,
            };
        }
        Ok(folder)
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
    fn a_dangling_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        symlink("/nowhere", folder.path().join("link")).unwrap();
        assert!(root(folder.path()).make_file(Path::new("/link"), Mode::from_raw_mode(0o644)).is_err());
        assert!(!folder.path().join("nowhere").exists());
    }
}
