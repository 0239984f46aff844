//! The files that `COPY` or `ADD` means: paths and patterns to a sorted list, with the digest of each.

mod digest;
mod find;
mod walk;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use knarr_ignore::Ignore;
use knarr_model::{Fault, Result};

pub(crate) use digest::{Manifest, manifest};

use crate::op::CopyOp;
use crate::tree::{FileKind, Metadata, Tree};

/// More files than this are not copied by one step.
const ITEM_LIMIT: usize = 1_000_000;

/// What one source gives.
#[derive(Debug)]
pub enum Group {
    /// One file: it becomes the destination, or goes into it under its own name where the destination is a folder.
    File(Item),
    /// The inside of a folder, each item behind the folder it lies in: it goes into the destination.
    Folder(Vec<Item>),
    /// An archive: it is unpacked into the destination.
    Archive(Item),
}

/// One file, folder or link to copy.
#[derive(Debug)]
pub struct Item {
    /// Its name, or its path below the destination.
    pub target: PathBuf,
    /// Its kind: never [`FileKind::Special`].
    pub kind: FileKind,
    /// Permission bits.
    pub mode: u32,
    /// Owner and group in the origin.
    pub owner: (u32, u32),
    /// What it shares with the other names of the same file.
    pub inode: Option<(u64, u64)>,
    /// Last change in seconds since 1970 and nanoseconds; none for what has no time of its own.
    pub modified: Option<(i64, u32)>,
    /// Where its bytes, or the link's target, come from.
    pub content: Content,
}

/// Where an item's bytes come from.
#[derive(Debug)]
pub enum Content {
    /// A path in the tree.
    Path(PathBuf),
    /// A text of the Dockerfile.
    Text(String),
    /// A downloaded file.
    Download(File),
}

impl Item {
    /// Opens the bytes of a regular file.
    pub fn open(&self, tree: &dyn Tree) -> Result<Box<dyn Read + Send>> {
        match &self.content {
            Content::Path(path) => tree.open(path),
            Content::Text(text) => Ok(Box::new(io::Cursor::new(text.clone().into_bytes()))),
            Content::Download(file) => {
                let rewound = file.try_clone().and_then(|mut file| file.rewind().map(|()| file));
                rewound
                    .map(|file| Box::new(file) as Box<dyn Read + Send>)
                    .map_err(|error| Fault::io("read a download", error))
            }
        }
    }

    /// Where a link points to.
    pub fn link(&self, tree: &dyn Tree) -> Result<PathBuf> {
        match &self.content {
            Content::Path(path) => tree.read_link(path),
            _ => Err(Fault::internal(format!("{} is not a link", self.target.display()))),
        }
    }

    fn of(target: PathBuf, path: &Path, metadata: &Metadata) -> Self {
        Self {
            target,
            kind: metadata.kind,
            mode: metadata.mode,
            owner: (metadata.uid, metadata.gid),
            inode: metadata.inode,
            modified: Some(metadata.modified),
            content: Content::Path(path.to_owned()),
        }
    }
}

/// What was selected.
#[derive(Debug, Default)]
pub struct Selection {
    /// One group a source.
    pub groups: Vec<Group>,
    /// Devices, sockets and pipes that stay behind.
    pub skipped: usize,
}

/// Why nothing was selected.
#[derive(Debug)]
pub(crate) enum SelectError {
    /// The user's fault: a sentence that names the source.
    Source(String),
    /// The tree could not be read.
    Tree(Fault),
}

impl From<Fault> for SelectError {
    fn from(fault: Fault) -> Self {
        Self::Tree(fault)
    }
}

/// Finds the files of an operation in its tree, or has them downloaded. `is_archive` decides what `ADD` unpacks.
pub(crate) fn select(
    op: &CopyOp,
    tree: &dyn Tree,
    is_archive: &dyn Fn(Box<dyn Read + Send>) -> Result<bool>,
    download: &dyn Fn(&str) -> std::result::Result<Item, SelectError>,
) -> std::result::Result<Selection, SelectError> {
    let excludes = Ignore::of(op.excludes.iter().map(String::as_str));
    let excludes = excludes.map_err(|error| SelectError::Source(format!("--exclude: {error}")))?;
    let mut selection = Selection::default();
    for source in &op.sources {
        if op.is_remote(source) {
            selection.groups.push(Group::File(download(source)?));
            continue;
        }
        for found in find::find(tree, source)? {
            walk::take(&found, op, tree, &excludes, &mut selection)?;
        }
    }
    if op.unpack {
        for group in &mut selection.groups {
            recognise(group, tree, is_archive)?;
        }
    }
    let documents = op.documents.iter().map(|(name, text)| Group::File(document(name, text)));
    selection.groups.extend(documents);
    Ok(selection)
}

fn recognise(
    group: &mut Group,
    tree: &dyn Tree,
    is_archive: &dyn Fn(Box<dyn Read + Send>) -> Result<bool>,
) -> Result<()> {
    match std::mem::replace(group, Group::Folder(Vec::new())) {
        Group::File(item) if is_local(&item) && is_archive(item.open(tree)?)? => *group = Group::Archive(item),
        other => *group = other,
    }
    Ok(())
}

/// What was downloaded is never unpacked.
fn is_local(item: &Item) -> bool {
    matches!(item.content, Content::Path(_))
}

fn document(name: &str, text: &str) -> Item {
    let content = Content::Text(text.to_owned());
    let target = Path::new(name).file_name().map(PathBuf::from).unwrap_or_else(|| PathBuf::from("EOF"));
    Item { target, kind: FileKind::Regular, mode: 0o644, owner: (0, 0), inode: None, modified: None, content }
}

#[cfg(test)]
mod tests;
