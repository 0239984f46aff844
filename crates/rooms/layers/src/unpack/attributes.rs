//! Owner, mode, extended attributes and times of what is unpacked.

use std::ffi::OsString;
use std::io;

use knarr_sys::path::{Node, Time};
use rustix::io::Errno;

use super::overlay::is_overlay_xattr;
use crate::archive::{Kind, Member};

/// What is set on a file besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits (12).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last modification.
    pub modified: Time,
    /// Extended attributes.
    pub xattrs: Vec<(OsString, Vec<u8>)>,
}

impl Attributes {
    /// What a member says.
    pub fn of_member(member: &Member) -> Self {
        Self {
            mode: member.mode,
            uid: member.uid,
            gid: member.gid,
            modified: member.modified,
            xattrs: member.xattrs.clone(),
        }
    }

    /// What a file has.
    pub fn of_node(node: &Node) -> io::Result<Self> {
        let stat = node.stat()?;
        let mut xattrs = Vec::new();
        for name in node.xattr_names()?.into_iter().filter(|name| !is_overlay_xattr(name)) {
            if let Some(value) = node.xattr(&name)? {
                xattrs.push((name, value));
            }
        }
        Ok(Self {
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            modified: Time { seconds: stat.st_mtime, nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or(0) },
            xattrs,
        })
    }

    /// Sets them. Changing the owner clears setuid bits and capabilities, changing anything touches the times: hence the order.
    pub fn apply(&self, node: &Node, kind: &Kind) -> io::Result<()> {
        node.set_owner(self.uid, self.gid)?;
        if !matches!(kind, Kind::Symlink(_)) {
            node.set_mode(self.mode)?;
        }
        self.apply_xattrs(node)?;
        node.set_times(self.modified, self.modified)
    }

    /// Sets extended attributes. What steers overlayfs is dropped (flaw row 58); what this file system, or this kind of file,
    /// cannot have is skipped, as every engine does.
    fn apply_xattrs(&self, node: &Node) -> io::Result<()> {
        for (name, value) in self.xattrs.iter().filter(|(name, _)| !is_overlay_xattr(name)) {
            match node.set_xattr(name, value) {
                Err(e) if unsupported(&e) => {}
                other => other?,
            }
        }
        Ok(())
    }
}

fn unsupported(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::OPNOTSUPP | Errno::PERM | Errno::INVAL))
}
