//! What can go wrong with images.

use knarr_model::{Digest, Fault, Kind};
use knarr_store::StoreError;

/// A failed operation on images.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No image has this name, id or digest.
    #[error("No such image: {0}")]
    NotFound(String),
    /// Several images have ids that begin so.
    #[error("image id prefix {prefix:?} is ambiguous: it matches {count} images; give more digits")]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// How many match.
        count: usize,
    },
    /// A name that cannot be a tag.
    #[error("cannot tag as {name:?}: {reason}")]
    Tag {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// An image config that is no image config.
    #[error("invalid image config {id}: {reason}")]
    Config {
        /// Its digest.
        id: Digest,
        /// What is wrong.
        reason: String,
    },
    /// Removing a name would take an image from under a container.
    #[error(
        "conflict: unable to remove repository reference {reference:?} (must force) - container {container} is using its \
         referenced image {image}"
    )]
    InUse {
        /// The name.
        reference: String,
        /// The container's short id.
        container: String,
        /// The image's short id.
        image: String,
    },
    /// An image that something needs.
    #[error("conflict: unable to delete {image} ({}) - {reason}", if *.hard { "cannot be forced" } else { "must be forced" })]
    Needed {
        /// The image's short id.
        image: String,
        /// Whether force does not help.
        hard: bool,
        /// What needs it.
        reason: String,
    },
    /// The database or the content store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content store failed.
    #[error(transparent)]
    Content(Fault),
}

/// A result with an [`Error`].
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::NotFound(_) => Kind::NotFound,
            Error::Ambiguous { .. } | Error::Tag { .. } | Error::Config { .. } => Kind::Invalid,
            Error::InUse { .. } | Error::Needed { .. } => Kind::Conflict,
            Error::Store(error) => return error.into(),
            Error::Content(fault) => return fault,
        };
        Fault::new(kind, error.to_string())
    }
}
