//! What can go wrong with a shim.

use std::io;

use knarr_model::{Fault, Kind};

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something with a shim failed; completes "cannot …".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel, or the other end, refused.
    #[error("{operation}")]
    Io {
        /// What was tried, on what.
        operation: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// As many as can are waiting to be let in.
    #[error("connect to the shim in {0}: it has too many clients, or is stopped")]
    Busy(String),
    /// An argument holds a zero byte.
    #[error("start a shim: {0:?} holds a zero byte")]
    ZeroByte(String),
    /// The other end does not speak the protocol.
    #[error("understand the shim: {0}")]
    Protocol(&'static str),
    /// The exit file is not a record.
    #[error("read the exit record {path}")]
    Record {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Error {
    pub(crate) fn io(operation: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { operation: operation.into(), source: source.into() }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { operation, source } => Fault::io(operation, source),
            Error::Busy(_) => Fault::new(Kind::Unavailable, format!("cannot {error}")),
            Error::ZeroByte(_) => Fault::new(Kind::Invalid, format!("cannot {error}")),
            Error::Protocol(_) => Fault::new(Kind::Internal, format!("cannot {error}")),
            Error::Record { ref path, .. } => {
                Fault::internal(format!("cannot read the exit record {path}")).because(error)
            }
        }
    }
}
