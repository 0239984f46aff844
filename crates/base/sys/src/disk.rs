//! How much of a file system may be taken.

use std::io;
use std::os::fd::AsFd;

use rustix::io::Errno;

/// One part of so many of a disk, and of its inodes, is left to others,
const OTHERS: u64 = 100;
/// but of a large disk no more bytes than this,
const OTHERS_BYTES: u64 = 64 << 20;
/// and no more files.
const OTHERS_FILES: u64 = 4096;
/// Bytes that are taken before the disk is looked at again.
const BYTES: u64 = 64 << 20;
/// Files that are made before the disk is looked at again.
const FILES: u64 = 4096;

/// What one work may still write. The disk is asked again and again, because others write too: who asks for more than there is
/// is refused before it is written, and a hundredth of the disk, at most 64 MiB, stays free for all others.
#[derive(Debug, Default)]
pub struct Room {
    bytes: u64,
    files: u64,
}

impl Room {
    /// Takes room for one file of so many bytes on the file system that `place` is on.
    pub fn claim(&mut self, place: impl AsFd, bytes: u64) -> io::Result<()> {
        if bytes > self.bytes || self.files == 0 {
            let free = free(place)?;
            if bytes > free.bytes || free.files == 0 {
                return Err(Errno::NOSPC.into());
            }
            *self = Self { bytes: free.bytes.min(BYTES.max(bytes)), files: free.files.min(FILES) };
        }
        self.bytes -= bytes;
        self.files -= 1;
        Ok(())
    }
}

/// What is free for all but root, without the part that is left to others. File systems that count nothing have no end.
fn free(place: impl AsFd) -> io::Result<Room> {
    let disk = rustix::fs::fstatvfs(place)?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    let spare = |free: u64, all: u64, most: u64| match all {
        0 => u64::MAX,
        _ => free.saturating_sub(most.min(all / OTHERS)),
    };
    Ok(Room {
        bytes: spare(bytes(disk.f_bavail), bytes(disk.f_blocks), OTHERS_BYTES),
        files: spare(disk.f_favail, disk.f_files, OTHERS_FILES),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_disk_has_is_refused_and_the_rest_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let place = std::fs::File::open(dir.path()).unwrap();
        let mut room = Room::default();
        for bytes in [0, 1, 1 << 20] {
            room.claim(&place, bytes).unwrap();
        }
        let refused = room.claim(&place, 1 << 60).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(Errno::NOSPC.raw_os_error()));
        room.claim(&place, 1).unwrap();
    }
}
