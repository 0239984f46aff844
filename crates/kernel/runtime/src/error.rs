//! What can go wrong, in the words that users of runc know.

use std::io;

use knarr_model::{Fault, Kind};
use knarr_spec::Status;

/// A result with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a runtime verb failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// An id that could be a path or is empty (flaw row 24).
    #[error("invalid container ID format: {0:?}")]
    Id(String),
    /// No such container.
    #[error("container does not exist: {0}")]
    NotFound(String),
    /// The container was made without the right to have a cgroup.
    #[error("container {0} has no cgroup: it was made without the right to make one")]
    NoCgroup(String),
    /// The id is taken.
    #[error("container with given ID already exists: {0}")]
    Exists(String),
    /// The container is not in a state for this.
    #[error("cannot {operation} container {id}: it is {status}")]
    Status {
        /// The verb.
        operation: &'static str,
        /// The container.
        id: String,
        /// Its state.
        status: Status,
    },
    /// The document asks for something that is wrong or not possible.
    #[error("invalid config.json: {0}")]
    Spec(String),
    /// A document is not what it should be.
    #[error("cannot read {path}")]
    Json {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The process could not be made or could not become the user's program.
    #[error("unable to start container process: {text}")]
    Start {
        /// What failed, and why.
        text: String,
        /// The error number, 0 where there is none.
        errno: i32,
    },
    /// A hook failed.
    #[error("error running {stage} hook {path}: {reason}")]
    Hook {
        /// Which list it is in.
        stage: &'static str,
        /// The program.
        path: String,
        /// What it did.
        reason: String,
    },
    /// A mount outside the container.
    #[error("{0}")]
    Mount(String, #[source] Option<io::Error>),
    /// The container's cgroup.
    #[error("cannot {0}")]
    Cgroup(#[from] knarr_cgroups::Error),
    /// systemd, which keeps the container's scope.
    #[error("cannot {0}")]
    Systemd(#[from] knarr_systemd::Error),
    /// The system call filter.
    #[error("cannot {0}")]
    Seccomp(#[from] knarr_seccomp::Error),
    /// Several parts of a removal failed.
    #[error("cannot remove container {id} wholly: {reasons}")]
    Remove {
        /// The container.
        id: String,
        /// All reasons, joined by `; `.
        reasons: String,
    },
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
    pub(crate) fn io(operation: &'static str, object: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { operation, object: object.into(), source: source.into() }
    }

    /// The sentence and all its causes, joined by `: `.
    pub fn full(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let cause_text = match cause.downcast_ref::<io::Error>() {
                Some(error) => reason(error),
                None => cause.to_string(),
            };
            // The transparent variants above carry their cause's sentence already.
            if !text.ends_with(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            next = cause.source();
        }
        text
    }
}

/// An I/O error as people read it: `no such file or directory`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

impl From<knarr_mounts::Error> for Error {
    fn from(error: knarr_mounts::Error) -> Self {
        let text = format!("cannot {error}");
        let errno = error.errno().map(io::Error::from);
        Self::Mount(text, errno)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Usage(_) | Error::Id(_) | Error::Spec(_) | Error::Json { .. } => Kind::Invalid,
            Error::NotFound(_) => Kind::NotFound,
            Error::Exists(_) | Error::Status { .. } => Kind::Conflict,
            Error::Start { .. } => Kind::Invalid,
            Error::NoCgroup(_) => Kind::Unsupported,
            Error::Cgroup(_) => return cgroup_fault(error),
            _ => Kind::Internal,
        };
        Fault::new(kind, error.full())
    }
}

fn cgroup_fault(error: Error) -> Fault {
    match error {
        Error::Cgroup(cause) => cause.into(),
        other => Fault::internal(other.full()),
    }
}
