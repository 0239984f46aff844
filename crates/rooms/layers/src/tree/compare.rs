//! What two stacks of layers show differently.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use knarr_sys::path::{Entry, Root};
use rustix::fs::{FileType, Mode, OFlags};

use super::merged::{Merged, Seen};
use crate::error::{Error, Result};
use crate::unpack::Attributes;

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path from the root, with a leading `/`.
    pub path: PathBuf,
    /// Bytes in the first stack; none: it is not there.
    pub before: Option<u64>,
    /// Bytes in the second stack; none: it is not there.
    pub after: Option<u64>,
    /// What differs where both have it; times alone are no difference.
    pub aspects: Vec<Aspect>,
}

/// What may differ of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// File, folder, link, device.
    Kind,
    /// Bytes, or where a link leads.
    Content,
    /// Permission bits.
    Mode,
    /// User and group.
    Owner,
    /// Extended attributes.
    Attributes,
}

impl Merged {
    /// What `other` shows differently, in the order of paths. Files of the `shared` lowest layers, which both have, are not read.
    pub fn differences(&self, other: &Self, shared: usize) -> Result<Vec<Difference>> {
        let mut found = Vec::new();
        for (path, before) in &self.files {
            match other.files.get(path) {
                None => found.push(difference(path, Some(before), None, Vec::new())),
                Some(after) if before.layer == after.layer && before.layer < shared => {}
                Some(after) => {
                    let aspects = aspects((self, before), (other, after), path).map_err(Error::at("compare", path))?;
                    if !aspects.is_empty() {
                        found.push(difference(path, Some(before), Some(after), aspects));
                    }
                }
            }
        }
        let new = other.files.iter().filter(|(path, _)| !self.files.contains_key(*path));
        found.extend(new.map(|(path, after)| difference(path, None, Some(after), Vec::new())));
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Opens a regular file; none where there is none.
    pub fn open(&self, path: &Path) -> Result<Option<File>> {
        let Some(seen) = self.files.get(path).filter(|seen| kind(seen) == FileType::RegularFile) else {
            return Ok(None);
        };
        self.open_seen(path, seen).map(Some).map_err(Error::at("open", path))
    }

    /// The paths of what lies directly in a folder.
    pub fn list(&self, folder: &Path) -> Vec<&Path> {
        let below = self.files.range(folder.to_owned()..).map(|(path, _)| path.as_path());
        below.take_while(|path| path.starts_with(folder)).filter(|path| path.parent() == Some(folder)).collect()
    }

    fn open_seen(&self, path: &Path, seen: &Seen) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(Root::open(&self.layers[seen.layer])?.open_at(path, flags, Mode::empty())?.into())
    }

    fn link(&self, path: &Path, seen: &Seen) -> io::Result<PathBuf> {
        let root = Root::open(&self.layers[seen.layer])?;
        let (folder, name) = root.parent(path)?;
        Entry::new(folder.as_fd(), name)?.read_link()
    }

    fn attributes(&self, path: &Path, seen: &Seen) -> io::Result<Attributes> {
        Attributes::of_node(&Root::open(&self.layers[seen.layer])?.node_nofollow(path)?)
    }
}

fn difference(path: &Path, before: Option<&Seen>, after: Option<&Seen>, aspects: Vec<Aspect>) -> Difference {
    let size = |seen: &Seen| {
        if kind(seen) == FileType::RegularFile { u64::try_from(seen.stat.st_size).unwrap_or(0) } else { 0 }
    };
    Difference { path: Path::new("/").join(path), before: before.map(size), after: after.map(size), aspects }
}

fn kind(seen: &Seen) -> FileType {
    FileType::from_raw_mode(seen.stat.st_mode)
}

/// What differs between two files, each of its stack.
fn aspects(before: (&Merged, &Seen), after: (&Merged, &Seen), path: &Path) -> io::Result<Vec<Aspect>> {
    let (a, b) = (&before.1.stat, &after.1.stat);
    if kind(before.1) != kind(after.1) {
        return Ok(vec![Aspect::Kind]);
    }
    let mut aspects = Vec::new();
    if !same_content(before, after, path)? {
        aspects.push(Aspect::Content);
    }
    if a.st_mode != b.st_mode {
        aspects.push(Aspect::Mode);
    }
    if (a.st_uid, a.st_gid) != (b.st_uid, b.st_gid) {
        aspects.push(Aspect::Owner);
    }
    if before.0.attributes(path, before.1)?.xattrs != after.0.attributes(path, after.1)?.xattrs {
        aspects.push(Aspect::Attributes);
    }
    Ok(aspects)
}

fn same_content(before: (&Merged, &Seen), after: (&Merged, &Seen), path: &Path) -> io::Result<bool> {
    let (a, b) = (&before.1.stat, &after.1.stat);
    match kind(before.1) {
        FileType::RegularFile if a.st_size != b.st_size => Ok(false),
        FileType::RegularFile => same_bytes(before.0.open_seen(path, before.1)?, after.0.open_seen(path, after.1)?),
        FileType::Symlink => Ok(before.0.link(path, before.1)? == after.0.link(path, after.1)?),
        FileType::BlockDevice | FileType::CharacterDevice => Ok(a.st_rdev == b.st_rdev),
        _ => Ok(true),
    }
}

fn same_bytes(before: File, after: File) -> io::Result<bool> {
    let (mut before, mut after) = (BufReader::with_capacity(1 << 16, before), BufReader::with_capacity(1 << 16, after));
    loop {
        let (a, b) = (before.fill_buf()?, after.fill_buf()?);
        let both = a.len().min(b.len());
        if a[..both] != b[..both] {
            return Ok(false);
        }
        if both == 0 {
            return Ok(a.len() == b.len());
        }
        before.consume(both);
        after.consume(both);
    }
}
