//! What can go wrong, and how containerd is told.

use std::error::Error as _;
use std::io;

use crate::ttrpc::{Code, Status};

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// A request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A request asks for what is not there.
    #[error("{0}")]
    Unsupported(String),
    /// No such container.
    #[error("container {0} does not exist")]
    NoContainer(String),
    /// No such further process.
    #[error("process {exec} does not exist in container {container}")]
    NoProcess {
        /// The container.
        container: String,
        /// The process.
        exec: String,
    },
    /// The id is taken.
    #[error("{0} exists already")]
    Exists(String),
    /// The process has ended: containerd wants to hear that it cannot be found.
    #[error("process already finished")]
    Finished,
    /// It is not in a state for this.
    #[error("cannot {operation} {object}: it is {phase}")]
    Phase {
        /// What was asked for.
        operation: &'static str,
        /// Of what.
        object: String,
        /// What it is.
        phase: &'static str,
    },
    /// The runtime refused; in its own words.
    #[error("{0}")]
    Runtime(String),
    /// A runtime verb in this process.
    #[error(transparent)]
    Verb(#[from] knarr_runtime::Error),
    /// A cgroup.
    #[error("cannot {0}")]
    Cgroup(#[from] knarr_cgroups::Error),
    /// A mount.
    #[error("cannot {0}")]
    Mount(#[from] knarr_mounts::Error),
    /// The runtime's program.
    #[error("cannot {0}")]
    Program(#[from] knarr_shim_client::Error),
    /// A message or document.
    #[error("cannot read {0}: {1}")]
    Decode(&'static str, String),
    /// A system call refused.
    #[error("cannot {operation} {object}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        object: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// A refused system call.
    pub fn io(operation: &'static str, object: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { operation, object: object.into(), source: source.into() }
    }

    /// The sentence with its causes.
    pub fn full(&self) -> String {
        if let Self::Verb(error) = self {
            return error.full();
        }
        let mut text = self.to_string();
        let mut next = self.source();
        while let Some(cause) = next {
            let more = cause.to_string();
            if !text.ends_with(&more) {
                text = format!("{text}: {more}");
            }
            next = cause.source();
        }
        text
    }

    fn code(&self) -> Code {
        match self {
            Self::Usage(_) | Self::Invalid(_) | Self::Decode(..) => Code::InvalidArgument,
            Self::Unsupported(_) => Code::Unimplemented,
            Self::NoContainer(_) | Self::NoProcess { .. } | Self::Finished => Code::NotFound,
            Self::Exists(_) => Code::AlreadyExists,
            Self::Phase { .. } => Code::FailedPrecondition,
            Self::Verb(knarr_runtime::Error::NotFound(_)) => Code::NotFound,
            Self::Verb(knarr_runtime::Error::Status { .. }) => Code::FailedPrecondition,
            Self::Verb(_) | Self::Runtime(_) | Self::Cgroup(_) | Self::Mount(_) => Code::Unknown,
            Self::Program(_) | Self::Io { .. } => Code::Unknown,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Self::new(error.code(), error.full())
    }
}
