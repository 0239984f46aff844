//! What can go wrong with a cgroup.

use std::io;
use std::path::PathBuf;

use knarr_model::{Fault, Kind};

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a cgroup operation failed; completes "cannot …".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path could leave its hierarchy, or is no path.
    #[error("use {0:?} as a cgroup path: {1}")]
    Path(String, &'static str),
    /// No cgroup file system is mounted.
    #[error("find a cgroup hierarchy: none is mounted")]
    NoHierarchy,
    /// A limit was asked for and the kernel lacks its controller.
    #[error("set {file}: this host has no {controller} cgroup controller")]
    NoController {
        /// Controller's name.
        controller: String,
        /// File that should have been written.
        file: String,
    },
    /// A limit was asked for and the controller lacks its file.
    #[error("set {file}: this kernel's {controller} cgroup controller does not have it")]
    NoFile {
        /// Controller's name.
        controller: String,
        /// File that should have been written.
        file: String,
    },
    /// A limit that makes no sense.
    #[error("set the limit {0}: {1}")]
    Limit(&'static str, String),
    /// The folder exists already and holds processes.
    #[error("create the cgroup {0}: it exists and holds processes")]
    InUse(PathBuf),
    /// There is no such cgroup.
    #[error("open the cgroup {0}: it does not exist in any hierarchy")]
    NotFound(String),
    /// Something in it did not end in time.
    #[error("{operation} the cgroup {path}: not done after {seconds} s")]
    Timeout {
        /// What was tried.
        operation: &'static str,
        /// Its folder.
        path: PathBuf,
        /// How long.
        seconds: u64,
    },
    /// A file or folder of a hierarchy refused.
    #[error("{operation} {path}")]
    Io {
        /// What was tried.
        operation: String,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(operation: impl Into<String>, path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        Self::Io { operation: operation.into(), path: path.into(), source: source.into() }
    }

    /// Whether this process lacks the right to do it.
    pub fn is_denied(&self) -> bool {
        matches!(self.errno(), Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM | rustix::io::Errno::ROFS))
    }

    /// The errno behind it, where the kernel gave one.
    pub(crate) fn errno(&self) -> Option<rustix::io::Errno> {
        match self {
            Self::Io { source, .. } => rustix::io::Errno::from_io_error(source),
            _ => None,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Path(..) | Error::Limit(..) => Kind::Invalid,
            Error::NoController { .. } | Error::NoFile { .. } | Error::NoHierarchy => Kind::Unsupported,
            Error::InUse(_) => Kind::Conflict,
            Error::NotFound(_) => Kind::NotFound,
            Error::Timeout { .. } => Kind::Unavailable,
            Error::Io { .. } => Kind::Internal,
        };
        let fault = Fault::new(kind, format!("cannot {error}"));
        match error {
            Error::Io { source, .. } => fault.because(source),
            _ => fault,
        }
    }
}
