//! From an archive to an unfinished folder: one thread reads, inflates and hashes, another unpacks.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use knarr_model::Digest;
use knarr_sys::path::Root;

use crate::compression::decompress;
use crate::error::{Error, Result};
use crate::pipe;
use crate::recipe::{self, Recorder};
use crate::unpack::{self, Attributes, Options, Unpacked};

/// What was put into an unfinished folder.
pub(super) struct Content {
    pub(super) diff_id: Digest,
    pub(super) size: u64,
    pub(super) archive_size: u64,
    pub(super) opaque: bool,
    pub(super) own: bool,
}

impl Content {
    /// Refuses what an archive made that has another digest.
    pub(super) fn expect(self, diff_id: &Digest) -> Result<Self> {
        if self.diff_id == *diff_id {
            return Ok(self);
        }
        Err(Error::DiffId { expected: diff_id.clone(), found: self.diff_id })
    }
}

/// Unpacks an image layer's archive above `lowers`, and notes how it is written again if that is wanted.
pub(super) fn unpack(source: impl Read + Send, lowers: &[PathBuf], folder: &Path, record: bool) -> Result<Content> {
    let recorder = record.then(|| recorder(folder)).transpose()?;
    let content = unpack_recorded(source, lowers, folder, recorder.as_ref())?;
    let Some(recorder) = recorder else { return Ok(content) };
    let file = folder.join(recipe::FILE);
    let own = recorder.into_inner().finish().map_err(Error::at("write", &file))?;
    if !own {
        std::fs::remove_file(&file).map_err(Error::at("remove", &file))?;
    }
    Ok(Content { own, ..content })
}

fn recorder(folder: &Path) -> Result<RefCell<Recorder>> {
    let path = folder.join(recipe::FILE);
    let begun = File::create_new(&path).and_then(Recorder::new);
    begun.map(RefCell::new).map_err(Error::at("create", &path))
}

fn unpack_recorded(
    source: impl Read + Send,
    lowers: &[PathBuf],
    folder: &Path,
    recorder: Option<&RefCell<Recorder>>,
) -> Result<Content> {
    let inherit = |path: &Path| crate::tree::lookup(lowers, path).and_then(|node| Attributes::of_node(&node).ok());
    let files = folder.join("fs");
    let root = Root::open(&files).map_err(Error::at("open", &files))?;
    if let Some(attributes) = inherit(Path::new("")) {
        let node = root.node(Path::new("")).map_err(Error::at("open", &files))?;
        attributes.apply(&node, &crate::Kind::Folder).map_err(Error::at("set attributes of", &files))?;
    }
    let source = decompress(source)?;
    let options = Options { inherit: Some(&inherit), ..Options::layer() };
    let (unpacked, counted) = std::thread::scope(|scope| {
        let (ahead, worker) = pipe::ahead(scope, source);
        let unpacked = unpack::unpack_recorded(&root, ahead, &options, recorder);
        (unpacked, worker.join())
    });
    let Unpacked { bytes, opaque, .. } = unpacked?;
    let (diff_id, archive_size) = match counted {
        Ok(counted) => counted.map_err(Error::io("read the archive"))?,
        Err(_) => return Err(Error::archive("the reader of the archive panicked")),
    };
    Ok(Content { diff_id, size: bytes, archive_size, opaque, own: false })
}
