//! How often, and how soon, something is tried again.

use std::time::Duration;

use crate::error::Error;

/// Bounds of trying again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Tries in a row without progress, the first included.
    pub tries: u32,
    /// The first pause; it doubles with each try.
    pub first_pause: Duration,
    /// The longest pause, also where a registry asks for a longer one.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 5, first_pause: Duration::from_millis(250), longest_pause: Duration::from_secs(30) }
    }
}

/// The tries of one operation.
#[derive(Debug)]
pub(crate) struct Tries {
    patience: Patience,
    failed: u32,
}

impl Tries {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, failed: 0 }
    }

    /// Something was achieved: the count starts again.
    pub(crate) fn progressed(&mut self) {
        self.failed = 0;
    }

    /// Waits before the next try, or gives the error back: it is not of the passing sort, or there were enough.
    pub(crate) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        self.failed += 1;
        if !error.is_transient() || self.failed >= self.patience.tries {
            return Err(error);
        }
        let doubled = self.patience.first_pause.saturating_mul(1 << (self.failed - 1).min(16));
        let pause = error.retry_after().unwrap_or(doubled).min(self.patience.longest_pause);
        tracing::debug!(%error, ?pause, "trying again");
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
