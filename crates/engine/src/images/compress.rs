//! How layers' archives are compressed for the way.

use std::io::{self, Write};
use std::str::FromStr;

use knarr_layers::{Chunked, Gzip};
use knarr_model::oci::{Descriptor, media};
use knarr_model::ports::Ingest;
use knarr_model::{Fault, Result};

use super::blobs::Target;

/// A way to compress a layer. The same bytes for the same input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// One gzip member without name and time.
    Gzip,
    /// A zstd frame a chunk, so that others can fetch what they lack of it.
    Zstd,
}

impl FromStr for Compression {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Fault::invalid(format!("unknown compression {text:?}: one of gzip, zstd"))),
        }
    }
}

impl Compression {
    /// What a layer of ours is called.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => media::DOCKER_LAYER_GZIP,
            Self::Zstd => media::OCI_LAYER_ZSTD,
        }
    }

    /// Whether a blob is compressed so.
    pub(super) fn is_of(self, blob: &Descriptor) -> bool {
        match self {
            Self::Gzip => matches!(blob.media_type.as_str(), media::DOCKER_LAYER_GZIP | media::OCI_LAYER_GZIP),
            Self::Zstd => blob.media_type == media::OCI_LAYER_ZSTD,
        }
    }
}

/// Compresses into an ingest.
pub(super) enum Encoder {
    Gzip(Gzip<Target>),
    Zstd(Chunked<Target>),
}

impl Encoder {
    pub(super) fn new(compression: Compression, ingest: Box<dyn Ingest>) -> io::Result<Self> {
        let target = Target { ingest, bytes: 0 };
        Ok(match compression {
            Compression::Gzip => Self::Gzip(Gzip::new(target)?),
            Compression::Zstd => Self::Zstd(Chunked::new(target)?),
        })
    }

    /// Writes the rest.
    pub(super) fn finish(self) -> io::Result<Target> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Write for Encoder {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(encoder) => encoder.write(data),
            Self::Zstd(encoder) => encoder.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
