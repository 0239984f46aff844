//! How slow a place may be of which nothing more is wanted than to be quicker than the next.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout, timeout_at};

use crate::arriving::Arriving;
use crate::error::Error;

/// A brisk one answers within this time, and sends [`LEAST`] in every such time.
const WINDOW: Duration = Duration::from_secs(5);
/// Bytes.
const LEAST: u64 = 256 << 10;

/// What is asked of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// That it does not fall silent.
    Any,
    /// That it is not slow either.
    Brisk,
}

impl Pace {
    /// Waits for the head of an answer.
    pub(crate) async fn in_time<T>(self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match self {
            Self::Any => answer.await,
            Self::Brisk => timeout(WINDOW, answer).await.unwrap_or(Err(Error::Slow)),
        }
    }

    /// Watches how a body comes.
    pub(crate) fn watch(self, body: Arriving) -> Paced {
        Paced { pace: self, body, arrived: 0, until: Instant::now() + WINDOW }
    }
}

/// A body of which so much must come in every window.
pub(crate) struct Paced {
    pace: Pace,
    body: Arriving,
    /// Bytes in this window.
    arrived: u64,
    /// Its end.
    until: Instant,
}

impl Paced {
    /// See [`Arriving::next`].
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.pace == Pace::Any {
            return self.body.next().await;
        }
        let next = timeout_at(self.until, self.body.next()).await.unwrap_or(Err(Error::Slow))?;
        self.arrived += next.as_ref().map_or(0, |data| data.len() as u64);
        if self.arrived >= LEAST {
            (self.arrived, self.until) = (0, Instant::now() + WINDOW);
        }
        Ok(next)
    }

    /// See [`Arriving::failed`].
    pub(crate) fn failed(&self, reason: &str) -> Error {
        self.body.failed(reason)
    }
}
