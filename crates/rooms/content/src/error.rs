//! What can go wrong with content.

use std::io;

use knarr_model::{Digest, Fault, Kind};

/// A failed operation on content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call failed; the text names the operation and its object.
    #[error("cannot {operation}")]
    Io {
        /// For example `open blob sha256:…`.
        operation: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// No such blob.
    #[error("content {0} not found")]
    NotFound(Digest),
    /// A second writer for a key.
    #[error("content {0:?} is being written already")]
    Busy(String),
    /// The bytes do not have the digest that was promised.
    #[error("content does not match its digest: expected {expected}, found {found}")]
    DigestMismatch {
        /// What was promised.
        expected: Digest,
        /// What the bytes have.
        found: Digest,
    },
    /// The bytes are fewer or more than promised.
    #[error("content {name} has the wrong size: expected {expected} bytes, found {found}")]
    SizeMismatch {
        /// The expected digest, or the key.
        name: String,
        /// Bytes promised.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A document over the limit that the reader set.
    #[error("content {digest} is too large: {size} bytes, at most {limit} are read")]
    TooLarge {
        /// Which blob.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A committed blob whose bytes have changed on the disk; it was moved away.
    #[error("content {digest} is corrupt on disk (found {found}) and was moved to quarantine; pull it again")]
    Corrupt {
        /// The blob's name.
        digest: Digest,
        /// What its bytes have.
        found: Digest,
    },
}

impl Error {
    /// For `map_err`: names the operation that failed.
    pub(crate) fn io(operation: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation: operation.into(), source }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io { .. } => return io_fault(error),
            Error::NotFound(_) => Kind::NotFound,
            Error::Busy(_) => Kind::Conflict,
            Error::DigestMismatch { .. } | Error::SizeMismatch { .. } => Kind::Invalid,
            Error::TooLarge { .. } => Kind::TooLarge,
            Error::Corrupt { .. } => Kind::Internal,
        };
        Fault::new(kind, error.to_string())
    }
}

/// A full disk keeps its own kind.
fn io_fault(error: Error) -> Fault {
    match error {
        Error::Io { operation, source } => Fault::io(operation, source),
        other => Fault::internal(other.to_string()),
    }
}
