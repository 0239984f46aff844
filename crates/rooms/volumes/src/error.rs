//! What can go wrong with volumes, in Docker's words where it has some.

use std::io;
use std::path::PathBuf;

use knarr_model::{Fault, Kind};
use knarr_store::StoreError;

/// A failure of the volume room.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The disk refused.
    #[error("cannot {operation} {}", path.display())]
    Disk {
        /// What was tried.
        operation: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The metadata database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name could be a path.
    #[error(
        "create {0}: {0:?} includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are \
         allowed. If you intended to pass a host directory, use absolute path"
    )]
    Name(String),
    /// No such volume.
    #[error("get {0}: no such volume")]
    NotFound(String),
    /// Containers use it.
    #[error("remove {name}: volume is in use - [{}]", users.join(", "))]
    InUse {
        /// The volume.
        name: String,
        /// Ids of containers.
        users: Vec<String>,
    },
    /// It exists with other options.
    #[error("create {0}: a volume of this name exists with other options")]
    Differs(String),
    /// A driver other than `local`.
    #[error("create {name}: volume driver {driver:?} is not supported: use local")]
    Driver {
        /// The volume.
        name: String,
        /// What was asked.
        driver: String,
    },
    /// Options that this version does not do.
    #[error("create {name}: invalid volume options: {reason}")]
    Options {
        /// The volume.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl VolumeError {
    /// Wraps a refusal of the disk.
    pub(crate) fn disk<E: Into<io::Error>>(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::Disk { operation, path: path.into(), source: source.into() }
    }
}

impl From<VolumeError> for Fault {
    fn from(error: VolumeError) -> Self {
        let message = error.to_string();
        match error {
            VolumeError::Disk { source, .. } => {
                let operation = message.trim_start_matches("cannot ").to_owned();
                // A missing file of ours is our failure, not the client's wrong name.
                if source.kind() == io::ErrorKind::NotFound {
                    return Fault::internal(message).because(source);
                }
                Fault::io(operation, source)
            }
            VolumeError::Store(error) => error.into(),
            VolumeError::NotFound(_) => Fault::not_found(message),
            VolumeError::InUse { .. } | VolumeError::Differs(_) => Fault::conflict(message),
            VolumeError::Name(_) | VolumeError::Options { .. } => Fault::invalid(message),
            VolumeError::Driver { .. } => Fault::new(Kind::NotFound, message),
        }
    }
}
