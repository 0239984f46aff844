//! Whether a layer's files are still what its archive made of them.

use std::io::{self, Read};

use knarr_model::Digest;

use super::apply::Counting;
use super::{Layer, Layers, fill};
use crate::error::{Error, Result};

/// What a look at a layer's files found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// They are what the archive says.
    Whole,
    /// They are not, or cannot be read: the reason.
    Damaged(String),
    /// Without the archive, or the layer below, nothing can be said.
    Unknown,
}

impl Layers {
    /// Reads all files of a layer. Those of one that our own packer wrote give the bytes of its diff id again; others are compared with
    /// what their archive, which is noted or is `archive`, gives when it is unpacked once more, beside them.
    pub fn verify(&self, layer: &Layer, archive: Option<impl Read + Send>) -> Result<Health> {
        let found = match crate::diff(&self.files(&layer.chain_id), Counting::default()) {
            Ok(packed) => packed.finish().0,
            Err(error) => return Ok(unreadable(&error)),
        };
        // What an archive leaves out looks as it does below.
        let comparable = layer.parent.as_ref().is_none_or(|parent| self.is_here(parent));
        let expected = match archive {
            _ if self.is_noted(&layer.chain_id)? && comparable => match self.written_and_packed_anew(layer) {
                Ok(expected) => expected,
                Err(error) => return Ok(unreadable(&error)),
            },
            _ if layer.own => layer.diff_id.clone(),
            Some(archive) if comparable => self.packed_anew(layer, archive)?,
            _ => return Ok(Health::Unknown),
        };
        let damaged = || Health::Damaged("its files are not what its archive says".to_owned());
        Ok(if found == expected { Health::Whole } else { damaged() })
    }

    /// The digest that a layer's files have where its archive is unpacked once more.
    fn packed_anew(&self, layer: &Layer, archive: impl Read + Send) -> Result<Digest> {
        let lowers = self.chain(layer.parent.as_ref())?;
        self.beside(|folder| {
            fill::unpack(archive, &lowers, folder, false)?.expect(&layer.diff_id)?;
            Ok(crate::diff(&folder.join("fs"), Counting::default())?.finish().0)
        })
    }

    /// [`Layers::packed_anew`] of the archive that the layer's own files give.
    fn written_and_packed_anew(&self, layer: &Layer) -> Result<Digest> {
        let (reader, writer) = io::pipe().map_err(Error::io("open a pipe"))?;
        std::thread::scope(|scope| {
            let written = scope.spawn(|| self.pack(&layer.chain_id, writer).map(drop));
            let packed = self.packed_anew(layer, reader);
            match written.join() {
                Ok(written) => packed.and_then(|digest| written.map(|()| digest)),
                Err(_) => Err(Error::archive("the writer of the layer's archive panicked")),
            }
        })
    }
}

fn unreadable(error: &Error) -> Health {
    Health::Damaged(format!("its files cannot be read: {error}"))
}
