//! What a tree takes on the disk.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags, Stat};
use rustix::io::Errno;

use super::entry::names;
use super::{DEPTH, Entry};

/// Bytes of the blocks of `path` and of all that is below it, as `du` counts them: hard links once, holes not. Nothing there takes nothing, and so does what
/// goes away meanwhile. What lies deeper than [`DEPTH`] is left out: a container can make folders as deep as it likes.
pub fn disk_usage(path: &Path) -> io::Result<u64> {
    match rustix::fs::lstat(path) {
        Ok(stat) if is_folder(&stat) => {
            let below = open(path).map_or(Ok(0), |folder| below(&folder, &mut BTreeSet::new(), 0))?;
            Ok(blocks(&stat) + below)
        }
        Ok(stat) => Ok(blocks(&stat)),
        Err(Errno::NOENT) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn below(folder: &OwnedFd, seen: &mut BTreeSet<(u64, u64)>, depth: usize) -> io::Result<u64> {
    let mut bytes = 0;
    for name in names(folder)? {
        let entry = Entry::new(folder.as_fd(), &name)?;
        let Some(stat) = entry.stat()? else { continue };
        if is_folder(&stat) {
            bytes += blocks(&stat);
            if depth < DEPTH {
                bytes += open_below(&entry)?.map_or(Ok(0), |folder| below(&folder, seen, depth + 1))?;
            }
        } else if stat.st_nlink == 1 || seen.insert((stat.st_dev, stat.st_ino)) {
            bytes += blocks(&stat);
        }
    }
    Ok(bytes)
}

/// Opens a folder; none where it went away.
fn open_below(entry: &Entry<'_>) -> io::Result<Option<OwnedFd>> {
    match entry.open(OFlags::RDONLY | OFlags::DIRECTORY) {
        Ok(folder) => Ok(Some(folder)),
        Err(gone) if matches!(gone.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, rustix::fs::Mode::empty())?)
}

fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

fn blocks(stat: &Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or_default() * 512
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write as _;

    use super::disk_usage;

    #[test]
    fn blocks_are_counted_as_du_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (mut holes, mut full) = (File::create(path("holes")).unwrap(), File::create(path("full")).unwrap());
        holes.set_len(1 << 30).unwrap();
        holes.write_all(b"begins").unwrap();
        full.write_all(&[1; 100_000]).unwrap();
        fs::hard_link(path("full"), path("again")).unwrap();
        fs::create_dir_all(path("a/b")).unwrap();
        std::os::unix::fs::symlink("/usr", path("a/link")).unwrap();
        holes.sync_all().unwrap();
        full.sync_all().unwrap();
        let du = std::process::Command::new("du").arg("-sB1").arg(folder.path()).output().unwrap().stdout;
        let du: u64 = String::from_utf8(du).unwrap().split_whitespace().next().unwrap().parse().unwrap();
        assert_eq!(disk_usage(folder.path()).unwrap(), du);
        assert_eq!(disk_usage(&path("nothing")).unwrap(), 0);
    }
}
