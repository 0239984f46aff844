//! Why the registry does not start.

use std::io;
use std::path::PathBuf;

use knarr_model::Fault;

/// A failure before the first request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// As configured.
        address: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A configured file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A line of the password file is not `user:bcrypt-hash`.
    #[error("cannot use {path}: line {line} is not of the form user:hash with a bcrypt hash (htpasswd -B makes them)")]
    Password {
        /// The htpasswd file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// Certificate or key are not usable.
    #[error(transparent)]
    Tls(#[from] knarr_tls::Error),
    /// Only one of certificate and key was given.
    #[error("--tls-cert and --tls-key belong together")]
    HalfTls,
    /// The storage cannot be opened.
    #[error("cannot open the registry's storage")]
    Storage(#[source] Fault),
    /// Signals or the async runtime are not available.
    #[error("cannot {operation}")]
    System {
        /// What was tried.
        operation: &'static str,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}
