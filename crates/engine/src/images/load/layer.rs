//! One layer of an image archive: unpacked, and kept so that it can be sent on.

use std::io;

use knarr_layers::{Batch, Compression, decompress};
use knarr_model::oci::{Descriptor, media};
use knarr_model::ports::{Content as _, Ingest};
use knarr_model::{Digest, Fault, Result};

use super::section::Section;
use crate::Engine;
use crate::images::blobs::{Target, descriptor};
use crate::images::compress::{self, Encoder};
use crate::images::copy_out::Checked;

impl Engine {
    /// Unpacks a layer and sees to it that its archive can be given back byte for byte: from its files where it came
    /// plain, else from a blob.
    pub(super) fn load_layer(&self, file: &Section, batch: &mut Batch<'_>, diff_id: &Digest) -> Result<()> {
        let compression = file.compression()?;
        if compression == Compression::Plain {
            let layer = batch.adopt(file.again(), diff_id)?;
            if !layer.own && self.images.blob(diff_id)?.is_none() {
                let blob = self.keep(file.again(), compression, diff_id)?;
                self.check(&blob, diff_id)?;
                self.images.remember_blobs(&[(diff_id.clone(), blob)])?;
            }
            return Ok(());
        }
        if self.images.blob(diff_id)?.is_some() {
            batch.apply(file.again(), Some(diff_id))?;
            return Ok(());
        }
        let blob = self.keep(file.again(), compression, diff_id)?;
        // Of what was kept, and not of the file again, which may be another by now.
        let layer = batch.apply(self.content.open(&blob.digest)?, Some(diff_id))?;
        if !layer.own {
            self.images.remember_blobs(&[(diff_id.clone(), blob)])?;
        }
        Ok(())
    }

    /// Keeps a layer's archive as a blob: as it is where it is compressed, else compressed.
    fn keep(&self, mut file: Section, compression: Compression, diff_id: &Digest) -> Result<Descriptor> {
        let fail = |e| Fault::io(format!("keep layer {diff_id}"), e);
        let ingest = self.content.begin(&format!("layer {diff_id}"))?;
        match compression {
            Compression::Gzip => {
                commit(copy(&mut file, Target { ingest, bytes: 0 }).map_err(fail)?, media::DOCKER_LAYER_GZIP)
            }
            Compression::Zstd => {
                commit(copy(&mut file, Target { ingest, bytes: 0 }).map_err(fail)?, media::OCI_LAYER_ZSTD)
            }
            Compression::Plain | Compression::Bzip2 | Compression::Xz => {
                let mut gzip = Encoder::new(compress::Compression::Gzip, ingest).map_err(fail)?;
                io::copy(&mut decompress(file)?, &mut gzip).map_err(fail)?;
                commit(gzip.finish().map_err(fail)?, media::DOCKER_LAYER_GZIP)
            }
        }
    }

    /// Refuses a blob of other bytes than were unpacked: the file may have changed meanwhile.
    fn check(&self, blob: &Descriptor, diff_id: &Digest) -> Result<()> {
        let mut nowhere = io::sink();
        let mut checked = Checked::new(&mut nowhere);
        let read = io::copy(&mut decompress(self.content.open(&blob.digest)?)?, &mut checked);
        read.map_err(|e| Fault::io(format!("check layer {diff_id}"), e))?;
        match checked.finish() {
            found if found == *diff_id => Ok(()),
            _ => Err(Fault::invalid(format!("layer {diff_id} changed while it was loaded: load it again"))),
        }
    }

    /// Puts a blob of the archive into the content store, verified.
    pub(super) fn load_blob(&self, mut file: Section, blob: &Descriptor) -> Result<()> {
        if self.content.size(&blob.digest)?.is_some() {
            return Ok(());
        }
        let ingest = self.content.begin(&format!("blob {}", blob.digest))?;
        let fail = |e| Fault::io(format!("keep blob {}", blob.digest), e);
        let target = copy(&mut file, Target { ingest, bytes: 0 }).map_err(fail)?;
        target.ingest.commit(Some(&blob.digest), Some(blob.size)).map(drop)
    }
}

fn copy<W: io::Write>(file: &mut Section, mut out: W) -> io::Result<W> {
    io::copy(&mut io::BufReader::with_capacity(128 << 10, file), &mut out)?;
    Ok(out)
}

fn commit(target: Target, media_type: &str) -> Result<Descriptor> {
    let bytes = target.bytes;
    let ingest: Box<dyn Ingest> = target.ingest;
    Ok(descriptor(media_type, ingest.commit(None, None)?, bytes))
}
