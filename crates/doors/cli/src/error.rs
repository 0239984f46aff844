//! What goes wrong on the command line, and with which exit code.

use std::io;

use crate::output;
use crate::template::{RenderError, TemplateError};

/// A failure of a verb. Printed to stderr as it is; [`Error::code`] is the exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nobody listens at the socket.
    #[error("Cannot connect to the knarr daemon at {host}. Is the daemon running? Start it with: knarr daemon")]
    NoDaemon {
        /// The address that was tried.
        host: String,
    },
    /// The socket is there, and we may not use it.
    #[error(
        "permission denied while trying to connect to the knarr daemon socket at {host}: run as root, or join the socket's group"
    )]
    SocketDenied {
        /// The address that was tried.
        host: String,
    },
    /// The connection broke, or the answer was no HTTP.
    #[error("error during connect: {operation}: {cause}")]
    Connection {
        /// Method and path.
        operation: String,
        /// The text of the causes.
        cause: String,
    },
    /// The daemon said no.
    #[error("Error response from daemon: {message}")]
    Daemon {
        /// HTTP status.
        status: u16,
        /// Its message.
        message: String,
    },
    /// The daemon's answer could not be read.
    #[error("cannot read the daemon's answer to {operation}: {cause}")]
    Answer {
        /// Method and path.
        operation: String,
        /// What was wrong with it.
        cause: String,
    },
    /// A file, a stream or a program.
    #[error("cannot {operation}: {}", reason(source))]
    Io {
        /// What was tried on which object.
        operation: String,
        /// The cause.
        source: io::Error,
    },
    /// What the user typed is wrong.
    #[error("{0}")]
    Invalid(String),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A template cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A stream of the daemon (a pull, a build) ended with an error.
    #[error("{message}")]
    Stream {
        /// The sentence.
        message: String,
        /// Exit code: a build's failed command gives its own.
        code: u8,
    },
    /// `run` or `create` could not make or start the container.
    #[error("knarr: {source}\n\nRun 'knarr {verb} --help' for more information")]
    Run {
        /// The verb.
        verb: &'static str,
        /// 125, 126 or 127.
        code: u8,
        /// The cause.
        source: Box<Error>,
    },
    /// Everything is said already; only the exit code is left.
    #[error("exit code {0}")]
    Silent(u8),
}

/// What verbs return.
pub(crate) type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    /// An I/O failure of `operation`, for example `open /etc/passwd`.
    pub(crate) fn io(operation: impl Into<String>, source: io::Error) -> Self {
        Self::Io { operation: operation.into(), source }
    }

    /// Something wrong in what the user typed.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// The process's exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Stream { code, .. } | Self::Run { code, .. } | Self::Silent(code) => *code,
            Self::Template(_) => 64,
            _ => 1,
        }
    }

    /// Whether the daemon does not know the named thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Daemon { status: 404, .. })
    }

    /// Prints it, unless everything is said.
    pub(crate) fn report(&self) {
        if !matches!(self, Self::Silent(_)) {
            output::complain(self.to_string());
        }
    }
}

/// The text of an I/O error without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

impl From<knarr_model::Fault> for Error {
    fn from(fault: knarr_model::Fault) -> Self {
        Self::Invalid(fault.full())
    }
}
