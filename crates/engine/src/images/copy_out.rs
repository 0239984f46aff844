//! A layer's archive, byte for byte as it came in.

use std::io::{self, Read, Write};

use knarr_layers::{Layer, decompress};
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Fault, Hasher, Result};

use crate::Engine;

impl Engine {
    /// Writes the uncompressed archive of a layer, from its blob or, where it is our own, from its files. What was written
    /// is hashed: bytes that are not those of the diff id are an error.
    pub(super) fn copy_layer(&self, layer: &Layer, out: &mut dyn Write) -> Result<()> {
        let mut out = Checked::new(out);
        if layer.own {
            self.layers.pack(&layer.chain_id, &mut out)?;
        } else {
            let blob = self.images.blob(&layer.diff_id)?.ok_or_else(|| lost(&layer.diff_id))?;
            let mut archive = decompress(self.content.open(&blob.digest)?)?;
            copy(&mut archive, &mut out).map_err(|e| Fault::io(format!("copy layer {}", layer.diff_id), e))?;
        }
        let found = out.finish();
        if found == layer.diff_id {
            return Ok(());
        }
        let id = &layer.diff_id;
        Err(Fault::internal(format!(
            "layer {id} has changed on disk: its archive is now {found}; pull or build it again"
        )))
    }
}

fn lost(diff_id: &Digest) -> Fault {
    Fault::internal(format!("the archive of layer {diff_id} is not here any more; pull or load its image again"))
}

fn copy(from: &mut dyn Read, to: &mut impl Write) -> io::Result<u64> {
    let mut buffer = vec![0; 128 << 10];
    let mut copied = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(n) => {
                to.write_all(&buffer[..n])?;
                copied += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Hashes what is written through it.
pub(super) struct Checked<'a> {
    out: &'a mut dyn Write,
    hasher: Hasher,
}

impl<'a> Checked<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, hasher: Hasher::new() }
    }

    /// The digest of all that was written.
    pub(super) fn finish(self) -> Digest {
        self.hasher.finish()
    }
}

impl Write for Checked<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.out.write(data)?;
        self.hasher.update(&data[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
