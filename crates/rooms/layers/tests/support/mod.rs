//! What the tests of this crate share: archives made in code, and a listing of trees that shows every attribute.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use knarr_layers::archive::Writer;
use knarr_layers::{Attributes, Kind, Member};
use knarr_sys::path::Root;

/// An archive of members with this content.
pub fn archive(members: &[(Member, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (member, content) in members {
        let mut member = member.clone();
        if member.kind == Kind::File {
            member.size = content.len() as u64;
        }
        writer.append(&member, Cursor::new(content)).unwrap();
    }
    writer.finish().unwrap()
}

pub fn file(path: &str) -> Member {
    Member::new(path, Kind::File, 0o644)
}

pub fn folder(path: &str) -> Member {
    Member::new(path, Kind::Folder, 0o755)
}

pub fn symlink(path: &str, target: &str) -> Member {
    Member::new(path, Kind::Symlink(target.into()), 0o777)
}

pub fn hard_link(path: &str, target: &str) -> Member {
    Member::new(path, Kind::HardLink(target.into()), 0o644)
}

/// Everything below a folder: kind, owner, mode, times, extended attributes, links and content, by path.
pub fn tree(top: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut inodes = BTreeMap::new();
    visit(top, Path::new(""), &mut found, &mut inodes);
    found
}

fn visit(top: &Path, path: &Path, found: &mut BTreeMap<PathBuf, String>, inodes: &mut BTreeMap<u64, PathBuf>) {
    use std::os::unix::fs::MetadataExt as _;
    let whole = top.join(path);
    let meta = std::fs::symlink_metadata(&whole).unwrap();
    let root = Root::open(top).unwrap();
    let attributes = Attributes::of_node(&root.node_nofollow(path).unwrap()).unwrap();
    let kind = meta.mode() & 0o170000;
    let first = inodes.entry(meta.ino()).or_insert_with(|| path.to_owned()).clone();
    let content = match kind {
        0o100000 => knarr_model::Digest::of(&std::fs::read(&whole).unwrap()).short().to_owned(),
        0o120000 => format!("{:?}", std::fs::read_link(&whole).unwrap()),
        _ => String::new(),
    };
    let mode = if kind == 0o120000 { 0 } else { attributes.mode };
    found.insert(
        path.to_owned(),
        format!(
            "{kind:o} {mode:o} {}:{} {:?} {:?} {:x} {first:?} {content}",
            attributes.uid,
            attributes.gid,
            attributes.modified,
            attributes.xattrs,
            meta.rdev()
        ),
    );
    if meta.is_dir() {
        for entry in std::fs::read_dir(&whole).unwrap() {
            let name = entry.unwrap().file_name();
            visit(top, &path.join(&name), found, inodes);
        }
    }
}

/// What differs between two listings, for a readable failure.
pub fn differences(a: &BTreeMap<PathBuf, String>, b: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let paths = a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>();
    let differ = paths.into_iter().filter(|path| a.get(*path) != b.get(*path));
    differ
        .map(|path| {
            let name = String::from_utf8_lossy(path.as_os_str().as_bytes()).into_owned();
            format!("{name}: {:?} <> {:?}", a.get(path), b.get(path))
        })
        .collect()
}
