//! Restart policies and their back-off.

use std::time::Duration;

use knarr_api::container::RestartPolicy;
use knarr_model::{Fault, Result};
use tokio::time::Instant;

use super::Actor;
use crate::containers::{Record, Status};

/// The first delay; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(100);
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(60);
/// A container that lived this long starts from the first delay again.
const HEALTHY: Duration = Duration::from_secs(10);

/// When a container is started again.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    delay: Duration,
    at: Option<Instant>,
}

impl Backoff {
    pub(super) fn at(&self) -> Option<Instant> {
        self.at
    }

    pub(super) fn cancel(&mut self) {
        self.at = None;
    }

    /// Plans the next start after a life of `lived`.
    fn plan(&mut self, lived: Duration) {
        let first = self.delay.is_zero() || lived >= HEALTHY;
        self.delay = if first { FIRST } else { (self.delay * 2).min(LONGEST) };
        self.at = Some(Instant::now() + self.delay);
    }
}

/// Whether policy starts a container again that has just ended.
pub(super) fn again(policy: &RestartPolicy, record: &Record) -> bool {
    let state = &record.state;
    let tries = i64::from(state.restarts);
    match policy.name.as_str() {
        _ if state.stopped_by_user => false,
        "always" | "unless-stopped" => true,
        "on-failure" => state.exit_code != 0 && (policy.maximum_retry_count == 0 || tries < policy.maximum_retry_count),
        _ => false,
    }
}

impl Actor {
    pub(super) fn plan_restart(&mut self, lived: Duration) {
        self.restart.plan(lived);
        self.record.state.restarts += 1;
        self.record.state.status = Status::Restarting;
    }

    /// The time has come.
    pub(super) async fn restart_now(&mut self) -> bool {
        self.restart.cancel();
        if let Err(error) = self.start("started by restart policy").await {
            tracing::warn!(container.id = %self.record.id, error = %error.full(), "cannot restart");
            if again(&self.record.host.restart_policy.clone(), &self.record) {
                self.plan_restart(Duration::ZERO);
                self.publish().await;
            }
        }
        true
    }

    /// A stop during the back-off: it rests where it is.
    pub(super) async fn give_up_restarting(&mut self) -> Result<()> {
        self.restart.cancel();
        let state = &mut self.record.state;
        (state.status, state.stopped_by_user) = (Status::Exited, true);
        state.cause = "stopped by request while waiting to be restarted".into();
        self.commit().await?;
        Err(Fault::new(knarr_model::Kind::NotModified, format!("container {} is not running", self.record.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_a_minute_and_falls_back() {
        let mut backoff = Backoff::default();
        let mut delays = Vec::new();
        for _ in 0..12 {
            backoff.plan(Duration::ZERO);
            delays.push(backoff.delay);
        }
        assert_eq!(delays[..3], [FIRST, FIRST * 2, FIRST * 4]);
        assert_eq!(*delays.last().unwrap(), LONGEST);
        backoff.plan(HEALTHY);
        assert_eq!(backoff.delay, FIRST);
    }
}
