//! The boundary error: what a room says to the engine, and the engine to a door.

use std::error::Error as StdError;
use std::{fmt, io};

/// Input/output error.
const EIO: i32 = 5;

/// What sort of failure it is; doors map it to an HTTP status, a gRPC code or an exit code in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong (HTTP 400).
    Invalid,
    /// Credentials are missing or wrong (401).
    Unauthorized,
    /// Understood and refused (403).
    Forbidden,
    /// The named thing does not exist (404).
    NotFound,
    /// The thing is in a state, or has a name, that conflicts (409).
    Conflict,
    /// Nothing to do: it is already so (304).
    NotModified,
    /// A limit was exceeded (413).
    TooLarge,
    /// Not supported here (501).
    Unsupported,
    /// Somebody else (a registry, the kernel, the disk) could not (503).
    Unavailable,
    /// No space or quota left on the device (500, said clearly).
    NoSpace,
    /// Our own failure (500).
    Internal,
}

/// An error that crosses a room's border: its kind, one sentence for a person that names the operation and its object,
/// and the cause. Rooms convert their own typed errors into it.
pub struct Fault {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// A result with a [`Fault`].
pub type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    /// A fault of this kind with this sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// [`Kind::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// [`Kind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// [`Kind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// [`Kind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Adds the cause.
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// An I/O failure of `operation` (for example `open /var/lib/knarr/meta.db`); a full disk keeps its own kind.
    pub fn io(operation: impl Into<String>, error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Kind::NoSpace,
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::Internal,
        };
        Self::new(kind, format!("cannot {}", operation.into())).because(error)
    }

    /// Which sort of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence without its causes.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The sentence and all its causes, joined by `: `, then the remedy where the disk is at fault, as a client is told.
    pub fn full(&self) -> String {
        let mut text = self.message.clone();
        let mut next = self.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text.push_str(self.remedy().unwrap_or_default());
        text
    }

    /// What the user can do about the disk.
    fn remedy(&self) -> Option<&'static str> {
        let causes = std::iter::successors(self.source(), |cause: &&'_ (dyn StdError + 'static)| (*cause).source());
        let number = causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).find_map(io::Error::raw_os_error);
        if self.kind == Kind::NoSpace {
            return Some("; `knarr system df` tells what takes room, `knarr system prune` removes what nothing uses");
        }
        (number == Some(EIO)).then_some("; the disk fails: the kernel's log (dmesg) says more")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.full())
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
