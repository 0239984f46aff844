//! Tar streams, written by a thread of their own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use tar::{Builder, EntryType, Header};
use tokio::io::{AsyncRead, DuplexStream};
use tokio::task::JoinHandle;
use tokio_util::io::SyncIoBridge;

use crate::error::{Error, Result};

/// A tar stream in the making.
pub(crate) struct Archive<W: Write> {
    tar: Builder<W>,
}

/// What an entry is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A file, folder, symlink, … with its owner.
    Kept(&'a Path),
    /// The same, owned by root, as build contexts are.
    Anonymous(&'a Path),
}

impl<W: Write> Archive<W> {
    pub(crate) fn new(target: W) -> Self {
        Self { tar: Builder::new(target) }
    }

    /// Adds one entry; sockets are left out.
    pub(crate) fn add(&mut self, name: &str, source: Source<'_>) -> Result {
        let (Source::Kept(path) | Source::Anonymous(path)) = source;
        let failed = |e: io::Error| Error::io(format!("pack {}", path.display()), e);
        let facts = fs::symlink_metadata(path).map_err(failed)?;
        let mut header = Header::new_gnu();
        header.set_metadata(&facts);
        if let Source::Anonymous(_) = source {
            header.set_uid(0);
            header.set_gid(0);
        }
        let kind = facts.file_type();
        if kind.is_symlink() {
            let target = fs::read_link(path).map_err(failed)?;
            header.set_size(0);
            return self.tar.append_link(&mut header, name, &target).map_err(failed);
        }
        if kind.is_file() {
            let file = File::open(path).map_err(failed)?;
            return self.tar.append_data(&mut header, name, exactly(file, facts.len())).map_err(failed);
        }
        if kind.is_socket() {
            return Ok(());
        }
        if kind.is_char_device() || kind.is_block_device() {
            let device = facts.rdev();
            let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
            header.set_device_major(major).and_then(|()| header.set_device_minor(minor)).map_err(failed)?;
        }
        header.set_size(0);
        let name = if kind.is_dir() { format!("{name}/") } else { name.to_owned() };
        self.tar.append_data(&mut header, name, io::empty()).map_err(failed)
    }

    /// Adds a folder and all that is in it, under `name`, with owners.
    pub(crate) fn add_tree(&mut self, name: &str, path: &Path) -> Result {
        self.add(name, Source::Kept(path))?;
        if !fs::symlink_metadata(path).is_ok_and(|facts| facts.is_dir()) {
            return Ok(());
        }
        for entry in sorted(path)? {
            let below = format!("{name}/{}", String::from_utf8_lossy(entry.as_bytes()));
            self.add_tree(&below, &path.join(&entry))?;
        }
        Ok(())
    }

    /// Adds a file that is not on disk.
    pub(crate) fn add_bytes(&mut self, name: &str, data: &[u8]) -> Result {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(data.len() as u64);
        self.tar.append_data(&mut header, name, data).map_err(|e| Error::io(format!("pack {name}"), e))
    }

    /// Ends the stream.
    pub(crate) fn finish(mut self) -> Result {
        self.tar.finish().map_err(|e| Error::io("pack the end of the archive", e))
    }
}

/// Names in a folder, in order.
pub(super) fn sorted(path: &Path) -> Result<Vec<std::ffi::OsString>> {
    let failed = |e| Error::io(format!("list {}", path.display()), e);
    let names = fs::read_dir(path).map_err(failed)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<_> = names.collect::<io::Result<_>>().map_err(failed)?;
    names.sort();
    Ok(names)
}

/// A file that grows or shrinks while it is read must not break the archive's frame: what is too much is not read, what is too
/// little is an error.
fn exactly(file: File, length: u64) -> impl io::Read {
    struct Exactly {
        file: File,
        left: u64,
    }
    impl io::Read for Exactly {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let length = self.file.read(&mut buffer[..wanted])?;
            if length == 0 && wanted > 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file has become shorter"));
            }
            self.left -= length as u64;
            Ok(length)
        }
    }
    Exactly { file, left: length }
}

/// Runs `write` in a thread of its own; what it writes can be read here.
pub(crate) fn spawn<F>(write: F) -> (impl AsyncRead + Send + 'static, JoinHandle<Result>)
where
    F: FnOnce(SyncIoBridge<DuplexStream>) -> Result + Send + 'static,
{
    let (reader, writer) = tokio::io::duplex(256 * 1024);
    let bridge = SyncIoBridge::new(writer);
    (reader, tokio::task::spawn_blocking(move || write(bridge)))
}
