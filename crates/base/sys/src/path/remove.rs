//! Removing a folder with all it holds, however deep it is.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::Entry;
use super::entry::names;

/// A folder on the way down.
struct Level {
    /// Its name in the one above.
    name: OsString,
    /// Device and inode, by which it is known again on the way up.
    id: (u64, u64),
    /// What is left in it.
    names: Vec<OsString>,
}

/// Removes a folder. Neither the stack nor open descriptors grow with its depth, which a container can make as large as it likes: the way up
/// is `..`, and must lead to where the way down came from.
pub(super) fn remove_folder(entry: &Entry<'_>) -> io::Result<()> {
    let mut folder = entry.open(FOLDER)?;
    let mut levels = vec![level(&folder, OsString::new())?];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.names.pop() {
            match rustix::fs::unlinkat(&folder, &name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::ISDIR) => {
                    folder = open(&folder, &name)?;
                    levels.push(self::level(&folder, name)?);
                }
                Err(error) => return Err(error.into()),
            }
            continue;
        }
        let name = std::mem::take(&mut level.name);
        levels.pop();
        if let Some(above) = levels.last() {
            folder = open(&folder, "..")?;
            if id(&folder)? != above.id {
                return Err(io::Error::other("it was moved while it was removed"));
            }
            rustix::fs::unlinkat(&folder, &name, AtFlags::REMOVEDIR)?;
        }
    }
    entry.remove_empty_folder()
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

fn open(folder: &OwnedFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    let flags = FOLDER | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(folder, name, flags, Mode::empty())?)
}

fn level(folder: &OwnedFd, name: OsString) -> io::Result<Level> {
    Ok(Level { name, id: id(folder)?, names: names(folder)? })
}

fn id(folder: &OwnedFd) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::fstat(folder)?;
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;
    use std::path::Path;

    use super::super::Root;
    use super::*;

    /// Seen to end this process, by its stack, where folders were removed by recursion.
    #[test]
    fn a_tree_of_twenty_thousand_levels_goes() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let root = Root::open(dir.path()).unwrap();
        let mut folder = root.open_dir(Path::new("")).unwrap();
        for _ in 0..20_000 {
            rustix::fs::mkdirat(&folder, "d", Mode::from_raw_mode(0o755)).unwrap();
            rustix::fs::symlinkat("..", &folder, "l").unwrap();
            folder = open(&folder, "d").unwrap();
        }
        Entry::new(root.as_fd(), "d".as_ref()).unwrap().remove_tree().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
