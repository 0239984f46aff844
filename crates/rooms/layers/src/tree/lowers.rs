//! A stack of layers as overlayfs would show it, without a mount.

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use knarr_sys::path::{Entry, Node, Root};
use rustix::fs::FileType;

use crate::unpack::{is_opaque, is_whiteout};

/// What one layer says of a path.
enum Answer {
    /// It has it.
    Here(Node),
    /// It says nothing: ask the next layer.
    Unknown,
    /// No layer below has it either.
    Hidden,
}

/// What `path` is in the stack `lowers`, the uppermost first. Symlinks are not followed.
pub(crate) fn lookup(lowers: &[PathBuf], path: &Path) -> Option<Node> {
    for layer in lowers {
        match ask(layer, path).unwrap_or(Answer::Unknown) {
            Answer::Here(node) => return Some(node),
            Answer::Hidden => return None,
            Answer::Unknown => {}
        }
    }
    None
}

/// Walks down `path` in one layer.
fn ask(layer: &Path, path: &Path) -> std::io::Result<Answer> {
    let mut node = Root::open(layer)?.node(Path::new(""))?;
    let mut covers = false;
    let mut names = path.iter().peekable();
    while let Some(name) = names.next() {
        let entry = Entry::new(node.as_fd(), name)?;
        let Some(stat) = entry.stat()? else { return Ok(if covers { Answer::Hidden } else { Answer::Unknown }) };
        let folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        // A whiteout, or a file where a folder is asked for, hides what lower layers have below that name.
        if is_whiteout(&stat) || (!folder && names.peek().is_some()) {
            return Ok(Answer::Hidden);
        }
        let below = entry.node()?;
        covers |= folder && is_opaque(&below)?;
        node = below;
    }
    Ok(Answer::Here(node))
}
