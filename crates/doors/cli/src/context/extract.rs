//! Unpacks what `cp` fetched: nothing outside the target folder is touched, whatever the archive says.
//!
//! A container decides what is in the archive. Each name is cleaned, its parent is opened with `openat2(RESOLVE_BENEATH)` below the
//! target, and the last component is made by `*at` calls that do not follow links.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, AtFlags, CWD, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid};
use tar::{Archive, Entry, EntryType};

use crate::error::{Error, Result};

/// Unpacks an archive below `folder`; `rename` gives each entry's path there, or none to leave it out. With `owners` users and groups are
/// kept, as far as we may.
pub(crate) fn extract(
    reader: impl Read,
    folder: &Path,
    owners: bool,
    rename: impl Fn(&Path) -> Option<PathBuf>,
) -> Result {
    let failed = |what: &Path, e: io::Error| Error::io(format!("copy to {}", what.display()), e);
    let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC;
    let root = fs::openat(CWD, folder, flags, Mode::empty()).map_err(|e| failed(folder, e.into()))?;
    let mut archive = Archive::new(reader);
    let mut folders = Vec::new();
    for entry in archive.entries().map_err(|e| failed(folder, e))? {
        let mut entry = entry.map_err(|e| failed(folder, e))?;
        let path = entry.path().map_err(|e| failed(folder, e))?.into_owned();
        let Some(name) = rename(&path).map(|path| safe_name(&path)).transpose()? else { continue };
        make(&root, &name, &mut entry, owners, &rename).map_err(|e| failed(&folder.join(&name), e))?;
        if entry.header().entry_type() == EntryType::Directory {
            folders.push((name, entry.header().clone()));
        }
    }
    // Times and modes of folders last, the deepest first: a read-only folder must be filled before.
    for (name, header) in folders.iter().rev() {
        finish_folder(&root, name, header).map_err(|e| failed(&folder.join(name), e))?;
    }
    Ok(())
}

/// A relative path without `..`; empty for the folder itself.
fn safe_name(path: &Path) -> Result<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir | Component::RootDir => {}
            _ => {
                return Err(Error::invalid(format!(
                    "refused: the archive has the path {:?}",
                    path.display().to_string()
                )));
            }
        }
    }
    Ok(clean)
}

/// The folder that holds the last component.
fn parent(root: &OwnedFd, name: &Path) -> io::Result<OwnedFd> {
    let parent = name.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC;
    Ok(fs::openat2(root, parent, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)?)
}

fn make(
    root: &OwnedFd,
    name: &Path,
    entry: &mut Entry<'_, impl Read>,
    owners: bool,
    rename: &impl Fn(&Path) -> Option<PathBuf>,
) -> io::Result<()> {
    let Some(last) = name.file_name().map(Path::new) else { return Ok(()) };
    let folder = parent(root, name)?;
    let header = entry.header().clone();
    let mode = Mode::from_raw_mode(header.mode()? & 0o7777);
    match header.entry_type() {
        // A hard link shares the owner and the times of what it names.
        EntryType::Link => return make_link(root, &folder, last, entry, rename),
        EntryType::Directory => make_folder(&folder, last)?,
        EntryType::Symlink => {
            let target = entry.link_name()?.ok_or(io::ErrorKind::InvalidData)?;
            replace(&folder, last, |name| fs::symlinkat(target.as_ref(), &folder, name))?;
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => write_file(&folder, last, entry, mode)?,
        EntryType::Fifo => replace(&folder, last, |name| fs::mknodat(&folder, name, fs::FileType::Fifo, mode, 0))?,
        other => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("entries of type {other:?} are not copied"),
            ));
        }
    }
    if owners {
        let (uid, gid) = (Uid::from_raw(header.uid()? as u32), Gid::from_raw(header.gid()? as u32));
        fs::chownat(&folder, last, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(fs::utimensat(&folder, last, &times(&header)?, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Makes a folder, closed to others until its own mode is set at the end.
fn make_folder(folder: &OwnedFd, last: &Path) -> io::Result<()> {
    match fs::mkdirat(folder, last, Mode::from_raw_mode(0o700)) {
        Err(rustix::io::Errno::EXIST) if is_folder(folder, last) => Ok(()),
        done => Ok(done?),
    }
}

/// Makes a hard link to an entry that came before.
fn make_link(
    root: &OwnedFd,
    folder: &OwnedFd,
    last: &Path,
    entry: &Entry<'_, impl Read>,
    rename: &impl Fn(&Path) -> Option<PathBuf>,
) -> io::Result<()> {
    let target = entry.link_name()?.and_then(|target| rename(&target)).ok_or(io::ErrorKind::InvalidData)?;
    let target = safe_name(&target).map_err(|_| io::ErrorKind::InvalidData)?;
    let from = parent(root, &target)?;
    let base = target.file_name().ok_or(io::ErrorKind::InvalidData)?;
    replace(folder, last, |name| fs::linkat(&from, base, folder, name, AtFlags::empty()))
}

fn write_file(folder: &OwnedFd, last: &Path, entry: &mut Entry<'_, impl Read>, mode: Mode) -> io::Result<()> {
    let open = || {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(folder, last, flags, Mode::from_raw_mode(0o600))
    };
    let file = match open() {
        Err(rustix::io::Errno::EXIST) => {
            fs::unlinkat(folder, last, AtFlags::empty())?;
            open()?
        }
        opened => opened?,
    };
    let mut file = std::fs::File::from(file);
    io::copy(entry, &mut file)?;
    Ok(fs::fchmod(file.as_fd(), mode)?)
}

/// Makes something under a name, in place of what has it, unless that is a folder.
fn replace(folder: &OwnedFd, last: &Path, make: impl Fn(&Path) -> rustix::io::Result<()>) -> io::Result<()> {
    match make(last) {
        Err(rustix::io::Errno::EXIST) => {
            fs::unlinkat(folder, last, AtFlags::empty())?;
            Ok(make(last)?)
        }
        done => Ok(done?),
    }
}

fn is_folder(folder: &OwnedFd, last: &Path) -> bool {
    let facts = fs::statat(folder, last, AtFlags::SYMLINK_NOFOLLOW);
    facts.is_ok_and(|facts| fs::FileType::from_raw_mode(facts.st_mode).is_dir())
}

fn finish_folder(root: &OwnedFd, name: &Path, header: &tar::Header) -> io::Result<()> {
    let Some(last) = name.file_name() else { return Ok(()) };
    let folder = parent(root, name)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = fs::openat(&folder, last, flags, Mode::empty())?;
    fs::fchmod(&opened, Mode::from_raw_mode(header.mode()? & 0o7777))?;
    Ok(fs::futimens(&opened, &times(header)?)?)
}

fn times(header: &tar::Header) -> io::Result<Timestamps> {
    let time = Timespec { tv_sec: header.mtime()? as i64, tv_nsec: 0 };
    Ok(Timestamps { last_access: time, last_modification: time })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        build(&mut builder);
        builder.into_inner().unwrap()
    }

    fn entry(builder: &mut tar::Builder<Vec<u8>>, kind: EntryType, name: &str, link: &str, data: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(data.len() as u64);
        if !link.is_empty() {
            header.set_link_name_literal(link).unwrap();
        }
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, data).unwrap();
    }

    #[test]
    fn a_tree_is_unpacked_over_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), "old").unwrap();
        let bytes = archive(|b| {
            entry(b, EntryType::Directory, "d/", "", b"");
            entry(b, EntryType::Regular, "d/x", "", b"new");
            entry(b, EntryType::Symlink, "f", "d/x", b"");
            entry(b, EntryType::Link, "h", "d/x", b"");
        });
        extract(&bytes[..], folder.path(), false, |path| Some(path.to_owned())).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("f")).unwrap(), "new");
        assert_eq!(std::fs::read_to_string(folder.path().join("h")).unwrap(), "new");
    }

    #[test]
    fn nothing_outside_is_touched() {
        let outside = tempfile::tempdir().unwrap();
        let link = outside.path().to_str().unwrap();
        for hostile in [
            archive(|b| entry(b, EntryType::Regular, "../escape", "", b"x")),
            archive(|b| {
                entry(b, EntryType::Symlink, "l", link, b"");
                entry(b, EntryType::Regular, "l/escape", "", b"x");
            }),
            archive(|b| entry(b, EntryType::Link, "l", "../../../../etc/passwd", b"")),
        ] {
            let folder = tempfile::tempdir().unwrap();
            assert!(extract(&hostile[..], folder.path(), false, |path| Some(path.to_owned())).is_err());
            assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        }
    }
}
