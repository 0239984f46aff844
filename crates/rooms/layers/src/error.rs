//! What can go wrong with layers and archives.

use std::io;
use std::path::{Path, PathBuf};

use knarr_model::{Digest, Fault, Kind};

/// A failed operation on a layer or an archive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call failed; the text names the operation and its object.
    #[error("cannot {operation}")]
    Io {
        /// For example `create usr/bin/ls`.
        operation: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The archive is damaged, ambiguous or hostile.
    #[error("invalid archive: {reason}")]
    Archive {
        /// What is wrong, naming the member where there is one.
        reason: String,
    },
    /// The archive goes over a limit.
    #[error("archive is too large: {reason}")]
    Limit {
        /// Which limit.
        reason: String,
    },
    /// An archive would put a file over a folder, or the other way round, and was told not to.
    #[error("cannot overwrite {0}")]
    Overwrite(String),
    /// The uncompressed bytes are not the ones that the image promises.
    #[error("layer does not match its diff id: expected {expected}, found {found}")]
    DiffId {
        /// What the image config says.
        expected: Digest,
        /// What was unpacked.
        found: Digest,
    },
    /// No such layer.
    #[error("layer {0} is not here: `knarr image verify --repair` makes or fetches it again")]
    NotFound(Digest),
}

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err`: names the operation that failed.
    pub(crate) fn io(operation: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation: operation.into(), source }
    }

    /// For `map_err`: `verb path`.
    pub(crate) fn at(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = PathBuf::from(path);
        move |source| Self::Io { operation: format!("{verb} {}", path.display()), source }
    }

    /// A damaged or hostile archive.
    pub(crate) fn archive(reason: impl Into<String>) -> Self {
        Self::Archive { reason: reason.into() }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Internal,
            Self::Archive { .. } | Self::DiffId { .. } | Self::Overwrite(_) => Kind::Invalid,
            Self::Limit { .. } => Kind::TooLarge,
            Self::NotFound(_) => Kind::NotFound,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error {
            // What a decoder says of damaged input.
            Error::Io { operation, source } if matches!(source.kind(), InvalidData | UnexpectedEof | InvalidInput) => {
                Fault::invalid(format!("cannot {operation}")).because(source)
            }
            Error::Io { operation, source } => Fault::io(operation, source),
            other => Fault::new(other.kind(), other.to_string()),
        }
    }
}
