//! Taking in an image archive: looking through it where it lies, or keeping it while it comes.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use knarr_layers::archive::Reader;
use knarr_layers::{Compression, Member, decompress};
use knarr_model::{Fault, Result};
use knarr_sys::disk::Room;

use super::files::{Files, Place, Places};
use super::section::{self, Section};

/// Bytes copied at a time.
const BUFFER: usize = 256 << 10;

/// Looks through an archive without reading more than its headers; none where it is compressed, or keeps files with holes.
pub(super) fn in_place(archive: &Section) -> Result<Option<Files>> {
    if archive.compression()? != Compression::Plain {
        return Ok(None);
    }
    let (mut reader, mut places) = (Reader::new(archive.again()), Places::default());
    while let Some(member) = reader.next_member()? {
        if member.sparse.is_some() {
            return Ok(None);
        }
        places.insert(&member, || Ok(Place::File { offset: reader.pass_over()?, size: member.size }))?;
    }
    Ok(Some(Files { data: archive.file(), places }))
}

/// Keeps an archive in a nameless file below `folder`.
pub(super) fn keep(source: impl Read + Send, folder: &Path) -> Result<Files> {
    let data = section::nameless(folder)?;
    let mut kept = Kept { data, room: Room::default(), end: 0, buffer: vec![0; BUFFER] };
    let (mut reader, mut places) = (Reader::new(decompress(source)?), Places::default());
    while let Some(member) = reader.next_member()? {
        places.insert(&member, || {
            let content = kept.file(&member, &mut reader);
            content.map_err(|e| Fault::io(format!("keep {} of the archive", member.path.display()), e))
        })?;
    }
    reader.drain()?;
    Ok(Files { data: Arc::new(kept.data), places })
}

/// An archive that is being kept.
struct Kept {
    data: File,
    room: Room,
    end: u64,
    /// What all files are copied by way of.
    buffer: Vec<u8>,
}

impl Kept {
    /// Holes count as if they were written: all of the file is read later on.
    fn file(&mut self, member: &Member, content: &mut impl Read) -> io::Result<Place> {
        self.room.claim(&self.data, member.size)?;
        let place = Place::File { offset: self.end, size: member.size };
        match &member.sparse {
            None => loop {
                match content.read(&mut self.buffer)? {
                    0 => break,
                    read => self.data.write_all(&self.buffer[..read])?,
                }
            },
            Some(segments) => {
                for segment in segments {
                    let mut data = io::BufReader::with_capacity(BUFFER, content.by_ref().take(segment.length));
                    io::copy(&mut data, &mut At { file: &self.data, at: self.end + segment.offset })?;
                }
            }
        }
        self.end += member.size;
        self.data.seek(io::SeekFrom::Start(self.end))?;
        if member.sparse.is_some() {
            self.data.set_len(self.end)?;
        }
        Ok(place)
    }
}

/// Writes to a place of a file.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl io::Write for At<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(data, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
