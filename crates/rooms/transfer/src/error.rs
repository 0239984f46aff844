//! What can go wrong with a registry, in Docker's words where Docker has some.

use std::time::Duration;

use http::StatusCode;
use knarr_model::{Digest, Fault, Kind, Platform, Reference};

/// A failed conversation with a registry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers there.
    #[error("{method} {url:?}: {reason}{hint}")]
    Unreachable {
        /// The method as Go writes it (`Get`).
        method: String,
        /// Scheme, host and path, without the query.
        url: String,
        /// For example `dial tcp 127.0.0.1:5000: connect: connection refused`.
        reason: String,
        /// The remedy, in parentheses, or empty.
        hint: String,
    },
    /// The line broke, or fell silent, in the middle.
    #[error("{method} {url:?}: {reason}")]
    Broken {
        /// The method as Go writes it.
        method: String,
        /// Scheme, host and path, without the query.
        url: String,
        /// What happened.
        reason: String,
    },
    /// It comes too slowly, and somebody else can be asked.
    #[error("it is too slow")]
    Slow,
    /// The registry answered with an error.
    #[error("{}", refused_text(*.status, .code, .message, *.retry_after))]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The specification's error code, or empty.
        code: String,
        /// The registry's words.
        message: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The registry's answer is not what the specification says.
    #[error("invalid answer from registry {registry}: {reason}")]
    Invalid {
        /// Its host.
        registry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry names an address that credentials or requests must not go to (flaw row 63).
    #[error("registry {registry} points to {target}, which is refused: {reason}")]
    Target {
        /// Its host.
        registry: String,
        /// Host, or scheme and host, that it points to.
        target: String,
        /// Which rule refuses it.
        reason: &'static str,
    },
    /// The manifest is not there.
    #[error("manifest for {reference} not found: manifest unknown: {detail}")]
    ManifestUnknown {
        /// As people write it.
        reference: String,
        /// The registry's words.
        detail: String,
    },
    /// Access was denied, which is also how a missing repository may look.
    #[error(
        "{verb} access denied for {repository}, repository does not exist or may require 'docker login': denied: {detail}"
    )]
    Denied {
        /// `pull` or `push`.
        verb: &'static str,
        /// As people write it.
        repository: String,
        /// The registry's words.
        detail: String,
    },
    /// Credentials are missing or wrong.
    #[error("unauthorized: {detail} (registry {registry}; log in with 'knarr login {registry}')")]
    Unauthorized {
        /// Its host.
        registry: String,
        /// The registry's words.
        detail: String,
    },
    /// An index without an entry for the platform.
    #[error("no matching manifest for {0} in the manifest list entries")]
    NoPlatform(Platform),
    /// A single manifest for another platform than the one asked for.
    #[error(
        "image with reference {reference} was found but its platform ({found}) does not match the specified platform ({wanted})"
    )]
    WrongPlatform {
        /// As people write it.
        reference: String,
        /// What its config says.
        found: Box<Platform>,
        /// What was asked for.
        wanted: Box<Platform>,
    },
    /// The document has another digest than was asked for.
    #[error("manifest verification failed for digest {expected} of {reference}: found {found}")]
    Digest {
        /// As people write it.
        reference: String,
        /// Asked for.
        expected: Digest,
        /// Sent.
        found: Digest,
    },
    /// A document that is not an image's.
    #[error("{reference} is not an image: {reason}")]
    NotAnImage {
        /// As people write it.
        reference: String,
        /// What it is instead.
        reason: String,
    },
    /// A document goes over its limit.
    #[error("the answer to Get {url:?} is larger than {limit} bytes")]
    TooLarge {
        /// Scheme, host and path, without the query.
        url: String,
        /// Bytes that are read at most.
        limit: u64,
    },
    /// One blob of an image, for a reason that does not name both.
    #[error("cannot fetch {digest} of {reference}")]
    Blob {
        /// Which blob.
        digest: Digest,
        /// The image, as people write it.
        reference: String,
        /// What is wrong with it.
        #[source]
        source: Box<Error>,
    },
    /// A blob is longer than its descriptor says.
    #[error("{digest} is longer than the {size} bytes its manifest says")]
    TooLong {
        /// Which blob.
        digest: Digest,
        /// Bytes promised.
        size: u64,
    },
    /// The content store, or a document in it.
    #[error(transparent)]
    Content(#[from] Fault),
}

/// `code: message` as Go's errcode prints it (`manifest unknown: manifest unknown`), and how long the registry wants peace.
fn refused_text(status: StatusCode, code: &str, message: &str, retry_after: Option<Duration>) -> String {
    let text = match code {
        "" if message.is_empty() => format!("registry answered {status}"),
        "" => format!("registry answered {status}: {message}"),
        code => format!("{}: {message}", code.to_lowercase().replace('_', " ")),
    };
    match retry_after.map(|pause| pause.as_secs()) {
        None | Some(0) => text,
        Some(seconds) => format!("{text} (it asks to be left alone for {seconds} s)"),
    }
}

impl Error {
    /// Whether the same request may succeed a little later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Slow => true,
            Self::Refused { status, .. } => {
                matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
            }
            _ => false,
        }
    }

    /// Whether whoever was asked lets us in nowhere.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Denied { .. })
            || matches!(self, Self::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. })
    }

    /// How long the registry asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Says which blob of which image could not be fetched, where the error does not say so itself.
    pub(crate) fn of_blob(self, digest: &Digest, image: &Reference) -> Self {
        match self {
            // Who may not come in is told so in other words.
            Self::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. } => self,
            Self::Refused { .. } | Self::Invalid { .. } | Self::TooLong { .. } | Self::Content(_) => {
                Self::Blob { digest: digest.clone(), reference: image.familiar(), source: Box::new(self) }
            }
            other => other,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Slow => Kind::Unavailable,
            Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND => Kind::NotFound,
            Self::Refused { status, .. } if *status == StatusCode::FORBIDDEN => Kind::Forbidden,
            Self::Refused { .. } | Self::Target { .. } => Kind::Unavailable,
            Self::ManifestUnknown { .. } | Self::Denied { .. } => Kind::NotFound,
            Self::NoPlatform(_) | Self::WrongPlatform { .. } => Kind::NotFound,
            Self::Unauthorized { .. } => Kind::Unauthorized,
            Self::Invalid { .. } | Self::Digest { .. } | Self::NotAnImage { .. } => Kind::Invalid,
            Self::TooLong { .. } | Self::TooLarge { .. } => Kind::Invalid,
            // A manifest that names what its registry does not have is as broken as one that names other bytes.
            Self::Blob { source, .. } if source.kind() == Kind::NotFound => Kind::Invalid,
            Self::Blob { source, .. } => source.kind(),
            Self::Content(fault) => fault.kind(),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (kind, text) = (error.kind(), error.to_string());
        match error {
            Error::Content(fault) => fault,
            Error::Blob { source, .. } => Fault::new(kind, text).because(Fault::from(*source)),
            _ => Fault::new(kind, text),
        }
    }
}
