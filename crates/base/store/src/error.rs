//! Failures of the metadata database.

use std::path::PathBuf;

use knarr_model::{Fault, Kind};

/// What can go wrong with `meta.db`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the file.
    #[error("{0} is in use by another knarr daemon")]
    InUse(PathBuf),
    /// The file cannot be opened or made.
    #[error("cannot open {path}")]
    Open {
        /// The database file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<redb::Error>,
    },
    /// A transaction failed.
    #[error("cannot {operation} metadata")]
    Transaction {
        /// `read` or `write`.
        operation: &'static str,
        /// Why.
        #[source]
        source: Box<redb::Error>,
    },
    /// The disk is full, and what was kept for the database is for what is in it already.
    #[error("cannot add a record to table {table:?}: no space left on device")]
    Full {
        /// The table.
        table: &'static str,
    },
    /// A record does not have the shape this version expects.
    #[error("cannot decode record {key:?} of table {table:?}")]
    Decode {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A record cannot be written as JSON.
    #[error("cannot encode a record of table {table:?}")]
    Encode {
        /// The table.
        table: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl StoreError {
    /// The error number of the system call that failed.
    fn system(&self) -> Option<i32> {
        match self {
            Self::Open { source, .. } | Self::Transaction { source, .. } => match source.as_ref() {
                redb::Error::Io(io) => io.raw_os_error(),
                _ => None,
            },
            _ => None,
        }
    }

    fn kind(&self) -> Kind {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let redb = match self {
            Self::InUse(_) => return Kind::Conflict,
            Self::Full { .. } => return Kind::NoSpace,
            Self::Open { source, .. } | Self::Transaction { source, .. } => source,
            Self::Decode { .. } | Self::Encode { .. } => return Kind::Internal,
        };
        match redb.as_ref() {
            redb::Error::Io(io) if matches!(io.kind(), StorageFull | QuotaExceeded) => Kind::NoSpace,
            _ => Kind::Internal,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        use std::error::Error as _;
        let fault = Fault::new(error.kind(), error.to_string());
        // The system's answer stays one: whoever reads the fault finds the remedy by it.
        if let Some(number) = error.system() {
            return fault.because(std::io::Error::from_raw_os_error(number));
        }
        match error.source() {
            Some(cause) => fault.because(cause.to_string()),
            None => fault,
        }
    }
}
