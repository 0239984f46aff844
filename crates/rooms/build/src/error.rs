//! Why a build ends without an image.

use knarr_model::{Fault, Kind};

use crate::syntax::{Position, Problem, SyntaxError};

/// Why a build ends without an image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The Dockerfile is wrong, or becomes so when its variables are expanded.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// `--target` names no stage.
    #[error("target stage {0:?} could not be found")]
    Target(String),
    /// A `RUN` ended with another status than 0. Docker's own words.
    #[error("The command '{command}' returned a non-zero code: {code}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// Its exit status.
        code: i32,
    },
    /// A source of `COPY` or `ADD` is not there, lies outside, or is no file.
    #[error("{file}:{at}: {instruction} failed: {reason}")]
    Source {
        /// The Dockerfile.
        file: String,
        /// Where the instruction stands.
        at: Position,
        /// `COPY` or `ADD`.
        instruction: &'static str,
        /// What is wrong, naming the source.
        reason: String,
    },
    /// Something below the builder failed while it worked at an instruction.
    #[error("{file}:{at}: {}", cause.message())]
    Step {
        /// The Dockerfile.
        file: String,
        /// Where the instruction stands.
        at: Position,
        /// What failed.
        cause: Fault,
    },
    /// The result cannot be written down.
    #[error("cannot encode the image config")]
    Encode(#[source] serde_json::Error),
    /// Whoever asked for the build is gone.
    #[error("the build was cancelled")]
    Cancelled,
}

/// A result of the builder.
pub type Result<T> = std::result::Result<T, BuildError>;

impl From<BuildError> for Fault {
    fn from(error: BuildError) -> Self {
        let kind = match &error {
            BuildError::Step { cause, .. } => cause.kind(),
            BuildError::Encode(_) => Kind::Internal,
            _ => Kind::Invalid,
        };
        let text = error.to_string();
        match error {
            BuildError::Step { file, at, cause } => Fault::new(kind, format!("{file}:{at}: {}", cause.full())),
            BuildError::Encode(cause) => Fault::new(kind, text).because(cause),
            _ => Fault::new(kind, text),
        }
    }
}

/// An instruction's place, from which its errors are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The Dockerfile's name, or that of the image whose trigger it is.
    pub file: String,
    /// Where in it.
    pub at: Position,
}

impl Place {
    pub(crate) fn problem(&self, problem: impl Into<Problem>) -> BuildError {
        BuildError::Syntax(SyntaxError { file: self.file.clone(), at: self.at, problem: problem.into() })
    }

    pub(crate) fn value(&self, text: impl Into<String>) -> BuildError {
        self.problem(Problem::Value(text.into()))
    }

    pub(crate) fn fault(&self, cause: Fault) -> BuildError {
        BuildError::Step { file: self.file.clone(), at: self.at, cause }
    }
}
