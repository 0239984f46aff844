//! One layer of an image archive: unpacked, and kept so that it can be sent on.

use std::fs::File;
use std::io::{self, Read, Seek as _};

use knarr_layers::{Compression, Layer, decompress};
use knarr_model::oci::{Descriptor, media};
use knarr_model::ports::{Content as _, Ingest};
use knarr_model::{Digest, Fault, Result};

use crate::Engine;
use crate::images::blobs::{Target, descriptor};
use crate::images::compress::{self, Encoder};

impl Engine {
    /// Unpacks a layer on top of `parent` and sees to it that its archive can be given back byte for byte: from its files,
    /// where our own writer made it, else from a blob.
    pub(super) fn load_layer(&self, mut file: File, parent: Option<&Digest>, diff_id: &Digest) -> Result<Layer> {
        let reader = file.try_clone().map_err(|e| Fault::io("read a layer of the archive", e))?;
        let layer = self.layers.try_own(self.layers.apply(reader, parent, Some(diff_id))?)?;
        if !layer.own && self.images.blob(diff_id)?.is_none() {
            file.rewind().map_err(|e| Fault::io("read a layer of the archive", e))?;
            let blob = self.keep(&mut file, diff_id)?;
            self.images.remember_blobs(&[(diff_id.clone(), blob)])?;
        }
        Ok(layer)
    }

    /// Keeps a layer's archive as a blob: as it is where it is compressed, else compressed.
    fn keep(&self, file: &mut File, diff_id: &Digest) -> Result<Descriptor> {
        let mut head = [0; 6];
        let fail = |e| Fault::io(format!("keep layer {diff_id}"), e);
        let read = file.read(&mut head).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let ingest = self.content.begin(&format!("layer {diff_id}"))?;
        match Compression::sniff(&head[..read]) {
            Compression::Gzip => {
                commit(copy(file, Target { ingest, bytes: 0 }).map_err(fail)?, media::DOCKER_LAYER_GZIP)
            }
            Compression::Zstd => commit(copy(file, Target { ingest, bytes: 0 }).map_err(fail)?, media::OCI_LAYER_ZSTD),
            Compression::Plain | Compression::Bzip2 | Compression::Xz => {
                let mut gzip = Encoder::new(compress::Compression::Gzip, ingest).map_err(fail)?;
                io::copy(&mut decompress(&*file)?, &mut gzip).map_err(fail)?;
                commit(gzip.finish().map_err(fail)?, media::DOCKER_LAYER_GZIP)
            }
        }
    }

    /// Puts a blob of the archive into the content store, verified.
    pub(super) fn load_blob(&self, mut file: File, blob: &Descriptor) -> Result<()> {
        if self.content.size(&blob.digest)?.is_some() {
            return Ok(());
        }
        let ingest = self.content.begin(&format!("blob {}", blob.digest))?;
        let fail = |e| Fault::io(format!("keep blob {}", blob.digest), e);
        let target = copy(&mut file, Target { ingest, bytes: 0 }).map_err(fail)?;
        target.ingest.commit(Some(&blob.digest), Some(blob.size)).map(drop)
    }
}

fn copy<W: io::Write>(file: &mut File, mut out: W) -> io::Result<W> {
    io::copy(&mut io::BufReader::with_capacity(128 << 10, file), &mut out)?;
    Ok(out)
}

fn commit(target: Target, media_type: &str) -> Result<Descriptor> {
    let bytes = target.bytes;
    let ingest: Box<dyn Ingest> = target.ingest;
    Ok(descriptor(media_type, ingest.commit(None, None)?, bytes))
}
