//! A procfs that nobody else can reach or cover, for every write that must arrive (flaw row 6).

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use knarr_mounts::filesystem;
use rustix::fs::{Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstatfs, openat2};
use rustix::process::getpid;

use crate::link::{Failure, OrFail};

/// A detached procfs of the process's PID namespace.
pub struct Private(OwnedFd);

impl Private {
    /// Mounts one.
    pub fn mount() -> Result<Self, Failure> {
        Ok(Self(filesystem("proc", "proc", &[])?))
    }

    /// Writes a file of this process.
    pub fn write_own(&self, name: &str, value: &str) -> Result<(), Failure> {
        let pid = getpid().as_raw_nonzero();
        self.write(Path::new(&format!("{pid}/{name}")), value)
    }

    /// The bytes of a file of this process.
    pub fn read_own(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = format!("{}/{name}", getpid().as_raw_nonzero());
        let file = self.open(Path::new(&path), OFlags::RDONLY).or_fail(format!("open /proc/{path}"))?;
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes).or_fail(format!("read /proc/{path}"))?;
        Ok(bytes)
    }

    /// Whether a file of this process exists.
    pub fn has_own(&self, name: &str) -> bool {
        let pid = getpid().as_raw_nonzero();
        self.open(Path::new(&format!("{pid}/{name}")), OFlags::PATH).is_ok()
    }

    /// Writes a file: no links, no mounts on the way, and it is on a procfs.
    pub fn write(&self, path: &Path, value: &str) -> Result<(), Failure> {
        let what = || format!("write {value:?} to /proc/{}", path.display());
        let file = self.open(path, OFlags::WRONLY).or_fail(what())?;
        let kind = fstatfs(&file).or_fail(what())?.f_type;
        if kind != PROC_SUPER_MAGIC {
            return Err(Failure::text(format!("/proc/{} is not on a procfs", path.display())));
        }
        File::from(file).write_all(value.as_bytes()).or_fail(what())
    }

    fn open(&self, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        openat2(&self.0, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve)
    }
}
