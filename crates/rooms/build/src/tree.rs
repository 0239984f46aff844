//! A tree of files to copy from: the build context, or another stage's root.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use knarr_model::Result;

/// A read-only tree. Paths are relative to its root; whatever a link says, no lookup leaves the tree.
pub trait Tree: Send + Sync {
    /// What is at `path`, none where nothing is. Links on the way are followed; a link at the end only with `follow`.
    fn metadata(&self, path: &Path, follow: bool) -> Result<Option<Metadata>>;

    /// The names in a folder, in any order.
    fn list(&self, folder: &Path) -> Result<Vec<OsString>>;

    /// Where a link points to.
    fn read_link(&self, path: &Path) -> Result<PathBuf>;

    /// Opens a regular file; a link at the end is followed, anything that is no regular file is refused without waiting for it.
    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>>;

    /// The extended attributes that a copy keeps.
    fn attributes(&self, path: &Path) -> Result<Vec<(OsString, Vec<u8>)>>;
}

/// What a tree says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its kind.
    pub kind: FileKind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// What tells it from other files, where it has several names.
    pub inode: Option<(u64, u64)>,
    /// Bytes of a regular file.
    pub size: u64,
    /// Last change: seconds since 1970, and nanoseconds.
    pub modified: (i64, u32),
}

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a socket, a pipe.
    Special,
}
