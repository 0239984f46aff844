//! A file named by its opened folder and its name, so that nothing moves under it and its folder can be synced.

use core::ffi::CStr;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::text::Text;

/// The longest name of a file.
const NAME: usize = 256;
/// The longest path, its final zero included: short enough not to cost the shim memory.
pub const PATH: usize = 1024;

/// A folder and a name in it.
pub struct Place {
    /// The opened folder.
    pub folder: OwnedFd,
    name: Text<NAME>,
}

impl Place {
    /// Opens the folder of `path`, which must be absolute.
    pub fn open(path: &CStr) -> Result<Self, Errno> {
        let bytes = path.to_bytes();
        let slash = bytes.iter().rposition(|b| *b == b'/').filter(|_| bytes[0] == b'/').ok_or(Errno::INVAL)?;
        let (folder, name) = (&bytes[..slash.max(1)], &bytes[slash + 1..]);
        if name.is_empty() {
            return Err(Errno::INVAL);
        }
        let mut folder = Text::<PATH>::of(&[folder]);
        let folder = open_folder(folder.c_str().ok_or(Errno::NAMETOOLONG)?)?;
        Ok(Self { folder, name: Text::of(&[name]) })
    }

    /// Its name with a suffix.
    pub fn name(&self, suffix: &[u8]) -> Result<Text<NAME>, Errno> {
        let name = Text::of(&[self.name.bytes(), suffix]);
        if name.whole() { Ok(name) } else { Err(Errno::NAMETOOLONG) }
    }
}

/// Opens a folder to work in.
pub fn open_folder(path: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Writes all bytes, however many calls it takes.
pub fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
