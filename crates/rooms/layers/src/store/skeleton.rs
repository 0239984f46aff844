//! Places where every container gets something mounted: made in a layer of their own between image and container, so that
//! neither `diff` nor `commit` takes them for the container's changes.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use knarr_sys::path::{Entry, Root};
use rustix::fs::FileType;

use crate::Kind;
use crate::error::{Error, Result};
use crate::tree::lookup;
use crate::unpack::Attributes;

/// Folders that are mounted over.
const FOLDERS: [&str; 3] = ["dev", "proc", "sys"];
/// Files that are mounted over.
const FILES: [&str; 3] = ["etc/hostname", "etc/hosts", "etc/resolv.conf"];

/// Fills the folder `layer` with the places that the stack `lowers` lacks. One that cannot be there, because something
/// else than a folder is in its way, is left out.
pub(super) fn fill(layer: &Path, lowers: &[PathBuf]) -> Result<()> {
    let root = Root::open(layer).map_err(Error::at("open", layer))?;
    let mut folders = Vec::new();
    for (path, file) in FOLDERS.map(|path| (path, false)).into_iter().chain(FILES.map(|path| (path, true))) {
        let path = Path::new(path);
        if lookup(lowers, path).is_none() && all_folders(lowers, path) {
            place(&root, path, file, lowers, &mut folders).map_err(Error::at("create", &layer.join(path)))?;
        }
    }
    folders.push((PathBuf::new(), attributes(lowers, Path::new(""))));
    // Now that nothing is put into them any more, so that their times stay.
    for (path, attributes) in folders {
        let set = || root.node(&path).and_then(|node| attributes.apply(&node, &Kind::Folder));
        set().map_err(Error::at("set attributes of", &layer.join(&path)))?;
    }
    Ok(())
}

/// Whether what there is above `path` is all folders.
fn all_folders(lowers: &[PathBuf], path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .filter_map(|above| lookup(lowers, above))
        .all(|node| node.stat().is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory))
}

fn place(
    root: &Root,
    path: &Path,
    file: bool,
    lowers: &[PathBuf],
    folders: &mut Vec<(PathBuf, Attributes)>,
) -> io::Result<()> {
    let folder = if file { path.parent().unwrap_or(path) } else { path };
    root.create_dir_all(folder, &mut |_, made| {
        folders.push((made.to_owned(), attributes(lowers, made)));
        Ok(())
    })?;
    if file {
        let dir = root.open_dir(folder)?;
        Entry::new(dir.as_fd(), path.file_name().unwrap_or(OsStr::new("")))?.create_file(0o644)?;
    }
    Ok(())
}

/// What a folder has in the image, so that it looks the same through this layer; root's and 0755 where it has none.
fn attributes(lowers: &[PathBuf], path: &Path) -> Attributes {
    let below = lookup(lowers, path).and_then(|node| Attributes::of_node(&node).ok());
    below.unwrap_or(Attributes { mode: 0o755, uid: 0, gid: 0, modified: Default::default(), xattrs: Vec::new() })
}
