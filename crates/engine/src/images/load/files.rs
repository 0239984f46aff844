//! The files of an image archive, which lie in one file until the load ends: what is read of it is found by an index in
//! memory, and nothing of it is ever a name in a file system.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use knarr_layers::{Kind, Member};
use knarr_model::oci::DOCUMENT_LIMIT;
use knarr_model::{Digest, Fault, Result};
use serde::de::DeserializeOwned;

use super::section::Section;
use super::taking;

/// Members, at most: an image of 300 layers has fewer than a thousand.
const MEMBERS: usize = 1_000_000;
/// Links that lead to a file, one after the other.
const LINKS: usize = 40;
/// Where an archive comes from.
pub enum Archive {
    /// Over the wire.
    Stream(Box<dyn Read + Send>),
    /// From a file on this machine, which others may change meanwhile.
    File(File),
}

/// Opens regular files only, and only what was in the archive.
pub(super) struct Files {
    pub(super) data: Arc<File>,
    pub(super) places: Places,
}

/// What has a name in the archive.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File { offset: u64, size: u64 },
    Link(PathBuf),
    Other,
}

/// All that has a name in the archive.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<PathBuf, Place>);

impl Places {
    /// Puts a member into the index; `file` finds or makes the place of a regular file's content.
    pub(super) fn insert(&mut self, member: &Member, file: impl FnOnce() -> Result<Place>) -> Result<()> {
        let out = || Fault::invalid(format!("{} leads out of the archive", member.path.display()));
        let path = clean(&member.path).ok_or_else(out)?;
        let place = match &member.kind {
            Kind::File => file()?,
            Kind::Symlink(target) if target.is_absolute() => Place::Link(clean(target).ok_or_else(out)?),
            Kind::Symlink(target) => {
                let beside = path.parent().unwrap_or(Path::new("")).join(target);
                clean(&beside).map_or(Place::Other, Place::Link)
            }
            Kind::HardLink(target) => Place::Link(clean(target).ok_or_else(out)?),
            Kind::Folder if path.as_os_str().is_empty() => return Ok(()),
            _ => Place::Other,
        };
        self.0.insert(path, place);
        if self.0.len() > MEMBERS {
            return Err(Fault::invalid(format!("the archive has more than {MEMBERS} files: it is no image archive")));
        }
        Ok(())
    }
}

impl Files {
    /// Takes in an archive, plain or compressed. What cannot be read where it lies is kept below `folder`.
    pub(super) fn of(archive: Archive, folder: &Path) -> Result<Self> {
        match archive {
            Archive::Stream(source) => taking::keep(source, folder),
            Archive::File(file) => {
                let archive = Section::whole(file)?;
                match taking::in_place(&archive)? {
                    Some(files) => Ok(files),
                    None => taking::keep(archive, folder),
                }
            }
        }
    }

    /// Whether there is anything of this name.
    pub(super) fn has(&self, path: &str) -> bool {
        clean(Path::new(path)).is_some_and(|path| self.places.0.contains_key(&path))
    }

    /// Opens a file. Links are followed inside the archive.
    pub(super) fn open(&self, path: &str) -> Result<Section> {
        let fault = |reason| Fault::invalid(format!("cannot read {path} in the archive: {reason}"));
        let mut place = clean(Path::new(path)).ok_or_else(|| fault("it leads out of the archive"))?;
        for _ in 0..LINKS {
            match self.places.0.get(&place) {
                Some(Place::File { offset, size }) => {
                    return Ok(Section::of(&self.data, *offset, *size));
                }
                Some(Place::Link(target)) => place = target.clone(),
                Some(Place::Other) => return Err(fault("not a regular file")),
                None => return Err(fault("there is no such file")),
            }
        }
        Err(fault("too many links"))
    }

    /// A whole document.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>> {
        let section = self.open(path)?;
        if section.size() > DOCUMENT_LIMIT {
            return Err(Fault::invalid(format!("{path} in the archive is larger than {DOCUMENT_LIMIT} bytes")));
        }
        let mut data = Vec::new();
        section.take(DOCUMENT_LIMIT).read_to_end(&mut data).map_err(|e| Fault::io("read the archive", e))?;
        Ok(data)
    }

    /// A whole document whose bytes have this digest.
    pub(super) fn read_verified(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = blob(digest);
        let data = self.read(&path)?;
        let found = Digest::of(&data);
        if found == *digest {
            return Ok(data);
        }
        Err(Fault::invalid(format!("{path} in the archive does not match its digest: found {found}")))
    }

    /// A JSON document.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let parsed = serde_json::from_slice(&self.read(path)?);
        parsed.map_err(|e| Fault::invalid(format!("{path} in the archive is malformed")).because(e))
    }
}

/// A name without `.` and `..`; none where it leads above the archive's root.
fn clean(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir if !clean.pop() => return None,
            _ => {}
        }
    }
    Some(clean)
}

/// Where an OCI layout keeps a blob.
pub(super) fn blob(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use knarr_layers::archive::Writer;

    fn archive(members: &[(&str, Kind, &[u8])]) -> Files {
        let mut writer = Writer::new(Vec::new());
        for (path, kind, data) in members {
            let member = Member { size: data.len() as u64, ..Member::new(*path, kind.clone(), 0o644) };
            writer.append(&member, *data).unwrap();
        }
        let archive = writer.finish().unwrap();
        Files::of(Archive::Stream(Box::new(std::io::Cursor::new(archive))), &std::env::temp_dir()).unwrap()
    }

    fn text(files: &Files, path: &str) -> String {
        let mut text = String::new();
        files.open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn files_are_found_by_every_name_that_leads_to_them() {
        let files = archive(&[
            ("./a/layer.tar", Kind::File, b"first"),
            ("b/layer.tar", Kind::Symlink("../a/layer.tar".into()), b""),
            ("c", Kind::HardLink("b/layer.tar".into()), b""),
            ("d", Kind::File, b"second"),
        ]);
        for name in ["a/layer.tar", "./a/layer.tar", "b/layer.tar", "c", "x/../a/layer.tar"] {
            assert_eq!(text(&files, name), "first", "{name}");
        }
        let section = files.open("d").unwrap();
        assert_eq!(text(&files, "d"), "second");
        assert_eq!(section.again().size(), 6);
    }

    #[test]
    fn what_leads_elsewhere_is_no_file() {
        let files = archive(&[
            ("out", Kind::Symlink("/etc/passwd".into()), b""),
            ("above", Kind::Symlink("../../etc/passwd".into()), b""),
            ("loop", Kind::Symlink("loop".into()), b""),
            ("pipe", Kind::Fifo, b""),
        ]);
        for name in ["out", "above", "loop", "pipe", "missing", "../out"] {
            let error = files.open(name).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
