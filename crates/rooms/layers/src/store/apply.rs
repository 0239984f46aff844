//! One layer: of an archive, of a container's upper folder, of an archive that is imported.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use knarr_model::{Digest, Hasher};

use super::fill::{self, Content};
use super::{Layer, Layers};
use crate::error::{Error, Result};
use crate::recipe;

impl Layers {
    /// Unpacks an archive as a layer on top of `parent`, see [`super::Batch::apply`].
    pub fn apply(&self, source: impl Read + Send, parent: Option<&Digest>, expected: Option<&Digest>) -> Result<Layer> {
        let mut batch = self.batch(parent)?;
        let layer = batch.apply(source, expected)?;
        batch.finish().map(|()| layer)
    }

    /// Makes a layer of a container's upper folder.
    pub fn commit(&self, upper: &Path, parent: Option<&Digest>) -> Result<Layer> {
        let mut batch = self.batch(parent)?;
        let layer = batch.make(|folder, lowers| {
            let (reader, writer) = io::pipe().map_err(Error::io("open a pipe"))?;
            std::thread::scope(|scope| {
                let written =
                    scope.spawn(|| crate::diff(upper, io::BufWriter::with_capacity(1 << 16, writer)).map(drop));
                let content = fill::unpack(reader, lowers, folder, false);
                // A failed reader closes the pipe, so its error is the cause of the writer's.
                match (content, written.join()) {
                    (Ok(content), Ok(Ok(()))) => Ok(Content { own: true, ..content }),
                    (Err(error), _) | (Ok(_), Ok(Err(error))) => Err(error),
                    (Ok(_), Err(_)) => Err(Error::archive("the writer of the layer's archive panicked")),
                }
            })
        })?;
        batch.finish().map(|()| layer)
    }

    /// Makes the lowest layer of an archive that nobody has described. The same archive is the same layer whenever it comes: its diff id is the
    /// archive's, or, where that cannot be written again, the one of the archive that our own packer makes of the files.
    pub fn import(&self, source: impl Read + Send) -> Result<Layer> {
        let mut batch = self.batch(None)?;
        let layer = batch.make(|folder, lowers| {
            let content = fill::unpack(source, lowers, folder, true)?;
            if content.own {
                return Ok(content);
            }
            let (diff_id, archive_size) = crate::diff(&folder.join("fs"), Counting::default())?.finish();
            Ok(Content { diff_id, archive_size, own: true, ..content })
        })?;
        batch.finish().map(|()| layer)
    }

    /// Writes the archive of one layer again, from what is on disk. Only for layers with [`Layer::own`] are these the bytes
    /// of its diff id; the caller compares.
    pub fn pack<W: io::Write>(&self, chain: &Digest, mut out: W) -> Result<W> {
        let folder = self.folder(chain);
        if !fs::exists(self.files(chain)).map_err(Error::at("look up", &self.files(chain)))? {
            return Err(Error::NotFound(chain.clone()));
        }
        if !self.is_noted(chain)? {
            return crate::diff(&self.files(chain), out);
        }
        recipe::replay(&folder, &mut out).map_err(Error::io(format!("write the archive of layer {chain} again")))?;
        Ok(out)
    }

    /// Whether it is noted how the layer's archive is written again.
    pub(super) fn is_noted(&self, chain: &Digest) -> Result<bool> {
        let path = self.folder(chain).join(recipe::FILE);
        fs::exists(&path).map_err(Error::at("look up", &path))
    }
}

/// Hashes and counts what is written to it.
#[derive(Default)]
pub(super) struct Counting {
    hasher: Hasher,
    bytes: u64,
}

impl Counting {
    pub(super) fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.bytes)
    }
}

impl io::Write for Counting {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hasher.update(data);
        self.bytes += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
