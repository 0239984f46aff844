//! How often, and how soon, something is tried again.

use std::time::{Duration, SystemTime};

use crate::error::Error;

/// Bounds of trying again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Tries in a row without progress, the first included; one that came further and was cut is the first of a new row.
    pub tries: u32,
    /// The first pause; it doubles with each try.
    pub first_pause: Duration,
    /// The longest pause of our own choice.
    pub longest_pause: Duration,
    /// The longest pause that a registry is granted; one that asks for more is told of at once.
    pub longest_wait: Duration,
    /// A registry from which nothing comes for so long is given up, and asked again.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 5,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
            longest_wait: Duration::from_secs(120),
            silence: Duration::from_secs(60),
        }
    }
}

impl Patience {
    /// The pause after so many failed tries: what the registry asks for, or a doubling one of which up to half is left to
    /// chance, so that clients which failed together do not come back together. None where it asks for too long.
    fn pause(&self, failed: u32, asked: Option<Duration>, chance: u32) -> Option<Duration> {
        if let Some(asked) = asked {
            return (asked <= self.longest_wait).then_some(asked);
        }
        let doubled = self.first_pause.saturating_mul(1 << (failed - 1).min(16)).min(self.longest_pause);
        Some(doubled / 2 + (doubled / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX)))
    }
}

/// The tries of one operation.
#[derive(Debug)]
pub(crate) struct Tries {
    patience: Patience,
    failed: u32,
    /// Whether the registry was there once: then it will be there again.
    known: bool,
}

impl Tries {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, failed: 0, known: false }
    }

    /// Something was achieved: the count starts again.
    pub(crate) fn progressed(&mut self) {
        self.failed = 0;
        self.known = true;
    }

    /// Waits before the next try, or gives the error back: it is not of the passing sort, or there were enough.
    pub(crate) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        self.failed += 1;
        let passing = error.is_transient() || (self.known && matches!(error, Error::Unreachable { .. }));
        if !passing || self.failed >= self.patience.tries {
            return Err(error);
        }
        // Without chance the pause is the shortest of its step.
        let chance = getrandom::u32().unwrap_or_default();
        let Some(pause) = self.patience.pause(self.failed, error.retry_after(), chance) else { return Err(error) };
        tracing::debug!(%error, ?pause, "trying again");
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// What `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date.
pub(crate) fn asked_pause(text: &str, now: SystemTime) -> Option<Duration> {
    let seconds = text.trim().parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_bounds_and_are_left_to_chance() {
        let patience = Patience::default();
        let pause = |failed, chance| patience.pause(failed, None, chance).unwrap();
        assert_eq!(pause(1, 0), Duration::from_millis(125));
        assert_eq!(pause(1, u32::MAX), Duration::from_millis(250));
        assert_eq!(pause(4, u32::MAX), Duration::from_secs(2));
        assert_eq!(pause(60, u32::MAX), Duration::from_secs(30));
        let asked = |seconds| patience.pause(1, Some(Duration::from_secs(seconds)), 7);
        assert_eq!(asked(90), Some(Duration::from_secs(90)), "to the second");
        assert_eq!(asked(3600), None);
    }

    #[test]
    fn registries_ask_in_seconds_or_for_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        assert_eq!(asked_pause(" 17 ", now), Some(Duration::from_secs(17)));
        assert_eq!(asked_pause("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(37)));
        assert_eq!(asked_pause("Sun, 06 Nov 1994 08:48:00 GMT", now), Some(Duration::ZERO), "it is over");
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(asked_pause(nonsense, now), None, "{nonsense:?}");
        }
    }
}
