//! Masked and read-only paths.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_mounts::{Attributes, Root, attach, clone_tree, filesystem_with_attributes, set_attributes};
use knarr_sys::mount::{NODEV, NOEXEC, NOSUID, RDONLY};
use rustix::fs::{FileType, Mode, OFlags, fstat, major, minor, open};
use rustix::io::Errno;

use crate::link::{Failure, OrFail};

/// Covers the masked paths and closes the read-only ones; a path that does not exist needs neither.
pub fn apply(root: &Root, masked: &[PathBuf], read_only: &[PathBuf]) -> Result<(), Failure> {
    let mut covers = Covers::default();
    for path in masked {
        if let Some(place) = find(root, path)? {
            let cover = covers.for_place(&place)?;
            attach(cover, &place)?;
        }
    }
    for path in read_only {
        if let Some(place) = find(root, path)? {
            let same = clone_tree(place.as_fd(), Path::new(""), true)?;
            set_attributes(same.as_fd(), Attributes::READ_ONLY, true)?;
            attach(same, &place)?;
        }
    }
    Ok(())
}

/// Only a path that is not there may be passed over (flaw row 4).
fn find(root: &Root, path: &Path) -> Result<Option<OwnedFd>, Failure> {
    match root.open(path) {
        Ok(place) => Ok(Some(place)),
        Err(error) if matches!(error.errno(), Some(Errno::NOENT | Errno::NOTDIR)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is put over masked paths: one empty folder and the host's null device. The first of each is attached itself;
/// the next are copies of it (older kernels copy only what is attached).
#[derive(Default)]
struct Covers {
    folder: Option<OwnedFd>,
    file: Option<OwnedFd>,
}

impl Covers {
    fn for_place(&mut self, place: &OwnedFd) -> Result<OwnedFd, Failure> {
        let is_folder = Root::is_folder(place)?;
        let slot = if is_folder { &mut self.folder } else { &mut self.file };
        if let Some(attached) = slot {
            return Ok(clone_tree(attached.as_fd(), Path::new(""), false)?);
        }
        let made = if is_folder { empty_folder()? } else { null_device()? };
        let first = slot.insert(made);
        first.try_clone().or_fail("copy a descriptor")
    }
}

fn empty_folder() -> Result<OwnedFd, Failure> {
    let parameters =
        [("size", "0"), ("nr_inodes", "1"), ("mode", "555")].map(|(k, v)| (k.to_owned(), Some(v.to_owned())));
    let attributes = Attributes { set: RDONLY | NOSUID | NODEV | NOEXEC, clear: 0 };
    Ok(filesystem_with_attributes("tmpfs", "tmpfs", &parameters, attributes)?)
}

/// A copy of the host's null device, which is looked at after it was opened: nothing else may become a mask (flaw row 4).
fn null_device() -> Result<OwnedFd, Failure> {
    let device = open("/dev/null", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).or_fail("open /dev/null")?;
    let stat = fstat(&device).or_fail("look at /dev/null")?;
    let is_null =
        FileType::from_raw_mode(stat.st_mode).is_char_device() && (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3);
    if !is_null {
        return Err(Failure::text("/dev/null is not the null device"));
    }
    Ok(clone_tree(device.as_fd(), Path::new(""), false)?)
}
