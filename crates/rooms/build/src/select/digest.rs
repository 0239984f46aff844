//! The digest of selected files: what of them a cache key holds.
//!
//! Name, kind, mode, content, link target, extended attributes and being one file under several names count; owner and group only where the copy keeps them; the time
//! of the last change never does, so that a fresh checkout of the same files is the same context.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use knarr_model::{Digest, Fault, Hasher, Result};

use super::{Content, Group, Item};
use crate::tree::{FileKind, Tree};

/// With more files than this no list of them is kept beside the digest.
const LIST_LIMIT: usize = 5_000;

/// Selected files as a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The digest of all lines, none for no files.
    pub digest: Option<Digest>,
    /// Target and digest of each file; empty where there are too many.
    pub files: BTreeMap<String, String>,
}

/// Reads and hashes all selected files.
pub(crate) fn manifest(groups: &[Group], tree: &dyn Tree, keep_owner: bool) -> Result<Manifest> {
    let mut whole = Hasher::new();
    let mut files = BTreeMap::new();
    let mut seen = HashMap::new();
    for (number, group) in groups.iter().enumerate() {
        let (kind, items) = match group {
            Group::File(item) => ("file", std::slice::from_ref(item)),
            Group::Folder(items) => ("folder", items.as_slice()),
            Group::Archive(item) => ("archive", std::slice::from_ref(item)),
        };
        whole.update(format!("{number} {kind} {}\0", items.len()).as_bytes());
        for item in items {
            let digest = digest(item, tree, keep_owner)?;
            if let Some(inode) = item.inode {
                let count = seen.len();
                let same = *seen.entry(inode).or_insert(count);
                whole.update(format!("={same} ").as_bytes());
            }
            let target = item.target.as_os_str().as_encoded_bytes();
            whole.update(&(target.len() as u64).to_le_bytes());
            whole.update(target);
            whole.update(digest.as_str().as_bytes());
            if files.len() <= LIST_LIMIT {
                files.insert(item.target.to_string_lossy().into_owned(), digest.hex()[..16].to_owned());
            }
        }
    }
    if files.len() > LIST_LIMIT {
        files.clear();
    }
    Ok(Manifest { digest: Some(whole.finish()), files })
}

fn digest(item: &Item, tree: &dyn Tree, keep_owner: bool) -> Result<Digest> {
    let mut hasher = Hasher::new();
    hasher.update(format!("{:?} {:o}\0", item.kind, item.mode).as_bytes());
    if keep_owner {
        hasher.update(format!("{}:{}\0", item.owner.0, item.owner.1).as_bytes());
    }
    if let (Content::Path(path), true) = (&item.content, item.kind != FileKind::Link) {
        for (name, value) in tree.attributes(path)? {
            hasher.update(format!("{} {}\0", name.to_string_lossy(), value.len()).as_bytes());
            hasher.update(&value);
        }
    }
    match item.kind {
        FileKind::Regular => content(item, tree, &mut hasher)?,
        FileKind::Link => hasher.update(item.link(tree)?.as_os_str().as_encoded_bytes()),
        _ => {}
    }
    Ok(hasher.finish())
}

fn content(item: &Item, tree: &dyn Tree, hasher: &mut Hasher) -> Result<()> {
    let mut reader = item.open(tree)?;
    let mut buffer = vec![0; 128 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::io(format!("read {}", item.target.display()), error)),
        }
    }
}
