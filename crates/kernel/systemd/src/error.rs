//! What can go wrong with systemd.

use std::io;

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why systemd did not do something; completes "cannot …".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This host is not systemd's.
    #[error("use --systemd-cgroup: systemd does not run on this host (there is no {0})")]
    Absent(String),
    /// A path that names no scope.
    #[error("use {0:?} with --systemd-cgroup: expected cgroupsPath to be of format \"slice:prefix:name\"")]
    Path(String),
    /// The socket refused.
    #[error("{operation} systemd over {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The socket.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It said something that cannot be read.
    #[error("understand systemd: {0}")]
    Message(&'static str),
    /// It refused a call.
    #[error("{call}: systemd says {text}")]
    Refused {
        /// The call.
        call: &'static str,
        /// Its words.
        text: String,
    },
    /// A job did not end well.
    #[error("{call} for {unit}: the job ended as {result:?}")]
    Job {
        /// The call.
        call: &'static str,
        /// The unit.
        unit: String,
        /// How it ended.
        result: String,
    },
}
