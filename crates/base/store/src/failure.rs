//! Noticing that redb met a failed system call: from then on it refuses everything, until its file is opened again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::StoreError;

/// Whether the open database has failed. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<AtomicBool>);

impl Failure {
    /// The error of a transaction, noted where redb will not recover from it by itself.
    pub(crate) fn note(&self, operation: &'static str, source: impl Into<redb::Error>) -> StoreError {
        let source = source.into();
        if matches!(source, redb::Error::Io(_) | redb::Error::PreviousIo) {
            self.0.store(true, Ordering::Release);
        }
        StoreError::Transaction { operation, source: Box::new(source) }
    }

    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The file was opened anew.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }
}
