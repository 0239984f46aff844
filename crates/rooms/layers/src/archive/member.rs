//! One member of an archive.

use std::ffi::OsString;
use std::path::PathBuf;

use knarr_sys::path::Time;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file; its content follows.
    File,
    /// A further name of a member that came before.
    HardLink(PathBuf),
    /// A symbolic link to this text.
    Symlink(PathBuf),
    /// A character device.
    Character {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A folder.
    Folder,
    /// A named pipe.
    Fifo,
}

/// A run of bytes of a sparse file; what lies between segments is zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where in the file, in bytes.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
}

/// A member's header, all extensions applied. The path is what the archive says: it is untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in the archive.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Permission bits (12).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last modification.
    pub modified: Time,
    /// Size of a file in bytes, holes included; 0 for everything else.
    pub size: u64,
    /// The stored runs of a sparse file, in order; none where all is stored.
    pub sparse: Option<Vec<Segment>>,
    /// Extended attributes.
    pub xattrs: Vec<(OsString, Vec<u8>)>,
}

impl Member {
    /// A member of this kind, owned by root, from the epoch.
    pub fn new(path: impl Into<PathBuf>, kind: Kind, mode: u32) -> Self {
        Self {
            path: path.into(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            modified: Time::default(),
            size: 0,
            sparse: None,
            xattrs: Vec::new(),
        }
    }

    /// Bytes of content that are stored in the archive.
    pub fn stored(&self) -> u64 {
        match &self.sparse {
            Some(segments) => segments.iter().map(|s| s.length).sum(),
            None => self.size,
        }
    }
}
