//! Making one file of each kind.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;

use knarr_sys::path::{Entry, Node};
use rustix::fs::FileType;

use crate::archive::{Kind, Member, Segment};

/// Makes a file with this content, copied by way of `buffer`, and pins it.
pub(super) fn create_file(
    entry: &Entry<'_>,
    member: &Member,
    content: &mut impl Read,
    buffer: &mut [u8],
) -> io::Result<Node> {
    let mut file = File::from(entry.create_file(0o600)?);
    match &member.sparse {
        None => copy(content, &mut file, buffer)?,
        Some(segments) => {
            for segment in segments {
                copy_segment(content, &file, *segment, buffer)?;
            }
            file.set_len(member.size)?;
        }
    }
    Ok(Node::from_fd(file.into()))
}

/// Makes anything that has no content and is not a link to another member.
pub(super) fn create_special(entry: &Entry<'_>, kind: &Kind) -> io::Result<Node> {
    match kind {
        Kind::Symlink(target) => entry.create_symlink(target)?,
        Kind::Character { major, minor } => entry.create_node(FileType::CharacterDevice, 0, *major, *minor)?,
        Kind::Block { major, minor } => entry.create_node(FileType::BlockDevice, 0, *major, *minor)?,
        Kind::Fifo => entry.create_node(FileType::Fifo, 0, 0, 0)?,
        Kind::Folder => entry.create_dir(0o700)?,
        Kind::File | Kind::HardLink(_) => return Err(io::ErrorKind::InvalidInput.into()),
    }
    entry.node()
}

/// Makes a further name of a file; a folder or a whiteout is no target.
pub(super) fn create_link(root: &knarr_sys::path::Root, entry: &Entry<'_>, target: &std::path::Path) -> io::Result<()> {
    let (dir, name) = root.parent(target)?;
    let target = Entry::new(dir.as_fd(), name)?;
    let stat = target.stat()?.ok_or(io::ErrorKind::NotFound)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory || super::overlay::is_whiteout(&stat) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if let Some(there) = entry.stat()? {
        if (there.st_dev, there.st_ino) == (stat.st_dev, stat.st_ino) {
            return Ok(());
        }
        entry.remove_tree()?;
    }
    entry.link_to(&target)
}

fn copy(content: &mut impl Read, file: &mut File, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        match content.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => file.write_all(&buffer[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn copy_segment(content: &mut impl Read, file: &File, segment: Segment, buffer: &mut [u8]) -> io::Result<()> {
    let mut done = 0;
    while done < segment.length {
        let most = usize::try_from(segment.length - done).unwrap_or(usize::MAX).min(buffer.len());
        content.read_exact(&mut buffer[..most])?;
        file.write_all_at(&buffer[..most], segment.offset + done)?;
        done += most as u64;
    }
    Ok(())
}
