//! `wait`.

use std::future::Future;

use knarr_model::{Fault, Result};

use super::Status;
use super::container::Life;
use crate::Engine;

/// What is waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Condition {
    /// It does not run; at once where it does not.
    #[default]
    NotRunning,
    /// The next end.
    NextExit,
    /// It is gone.
    Removed,
}

impl std::str::FromStr for Condition {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "" | "not-running" => Ok(Self::NotRunning),
            "next-exit" => Ok(Self::NextExit),
            "removed" => Ok(Self::Removed),
            other => Err(Fault::invalid(format!("invalid condition: {other:?}"))),
        }
    }
}

impl Engine {
    /// The exit code once `condition` holds. The container is looked up now: what happens after this returns is not missed.
    pub fn wait(&self, name: &str, condition: Condition) -> Result<impl Future<Output = i32> + Send + use<>> {
        let mut life = self.containers.find(name)?.life();
        let before = *life.borrow_and_update();
        Ok(async move {
            let _ = life.wait_for(|now| holds(condition, before, *now)).await;
            let last = *life.borrow();
            last.exit_code
        })
    }
}

fn holds(condition: Condition, before: Life, now: Life) -> bool {
    let rests = !now.status.alive() && now.status != Status::Restarting;
    match condition {
        Condition::NotRunning => rests || now.removed,
        Condition::NextExit => now.exits > before.exits || now.removed,
        Condition::Removed => now.removed,
    }
}
