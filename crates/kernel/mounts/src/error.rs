//! What can go wrong with a mount.

use std::io;

use knarr_model::{Fault, Kind};

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a mount operation failed; completes "cannot …".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call refused.
    #[error("{operation} {object}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        object: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file system type refused its parameters or its device.
    #[error("mount a file system of type {kind} from {device}{reason}")]
    FileSystem {
        /// Its type.
        kind: String,
        /// Its device, or what stands for it.
        device: String,
        /// What the kernel said about it, empty or beginning with `: `.
        reason: String,
        /// The error number.
        #[source]
        source: io::Error,
    },
    /// A snapshot without layers.
    #[error("mount a snapshot: it has no layers")]
    NoLayers,
    /// The kernel mounted a writable snapshot read-only.
    #[error("mount the snapshot over {0} writable: the kernel made it read-only")]
    ReadOnly(String),
}

impl Error {
    pub(crate) fn io(operation: &'static str, object: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { operation, object: object.into(), source: source.into() }
    }

    /// The error number behind it, where the kernel gave one.
    pub fn errno(&self) -> Option<rustix::io::Errno> {
        match self {
            Self::Io { source, .. } | Self::FileSystem { source, .. } => rustix::io::Errno::from_io_error(source),
            _ => None,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::NoLayers => Kind::Invalid,
            Error::Io { source, .. } | Error::FileSystem { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Kind::NotFound,
                io::ErrorKind::StorageFull => Kind::NoSpace,
                _ => Kind::Internal,
            },
            Error::ReadOnly(_) => Kind::Internal,
        };
        let fault = Fault::new(kind, format!("cannot {error}"));
        match error {
            Error::Io { source, .. } | Error::FileSystem { source, .. } => fault.because(source),
            _ => fault,
        }
    }
}
