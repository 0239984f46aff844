//! The end of a container's first process.

use std::sync::Arc;
use std::time::Duration;

use knarr_model::Fault;
use knarr_sys::failpoint;

use super::{Actor, restart};
use crate::Timestamp;
use crate::containers::{Status, launch};
use crate::engine::blocking;
use crate::shim::Exit;

/// The end that nobody saw.
fn unknown() -> Exit {
    let now = Timestamp::now();
    let nanoseconds = u32::try_from(now.nanoseconds().rem_euclid(1_000_000_000)).unwrap_or_default();
    Exit { code: 255, signal: 0, seconds: now.seconds(), nanoseconds }
}

impl Actor {
    /// The shim said how it ended.
    pub(super) async fn exited(&mut self, exit: Exit) -> bool {
        let cause = match exit.signal {
            0 => format!("exited with code {}", exit.code),
            signal => format!("killed by signal {signal}"),
        };
        self.ended(exit, cause).await
    }

    /// The shim is gone without a word: its exit file knows, or nobody does.
    pub(super) async fn shim_lost(&mut self, error: &Fault) -> bool {
        tracing::debug!(container.id = %self.record.id, error = %error.full(), "the shim has gone");
        let (engine, record) = (self.engine.clone(), self.record.clone());
        let exit = blocking(move || Ok(launch::recorded_exit(&engine, &record))).await.ok().flatten();
        match exit {
            Some(exit) => self.exited(exit).await,
            None => self.ended(unknown(), "ended with its shim: the exit code is unknown".into()).await,
        }
    }

    async fn ended(&mut self, exit: Exit, cause: String) -> bool {
        failpoint!("exit.heard");
        (self.link, self.names) = (None, None);
        self.answers.clear();
        self.stop_health();
        let (engine, record) = (self.engine.clone(), self.record.clone());
        let oom_killed = blocking(move || Ok(launch::release(&engine, &record))).await.unwrap_or_default();
        failpoint!("exit.released");
        let lived = self.note_end(exit, cause, oom_killed);
        self.record.endpoints.clear();
        self.record.ports.clear();
        if oom_killed {
            self.tell(self.event("oom"));
        }
        let seconds = lived.as_secs().to_string();
        self.tell(self.event("die").with("exitCode", exit.code.to_string()).with("execDuration", seconds));
        if self.goes_now() {
            // Nobody needs the record on the disk any more, but those who wait need the exit code.
            self.container.publish(Arc::new(self.record.clone()));
            return self.finish_removal().await;
        }
        let policy = self.record.host.restart_policy.clone();
        if !self.restarting && restart::again(&policy, &self.record) {
            self.plan_restart(lived);
        }
        self.publish().await;
        failpoint!("exit.published");
        self.clean().await;
        failpoint!("exit.cleaned");
        true
    }

    fn note_end(&mut self, exit: Exit, cause: String, oom_killed: bool) -> Duration {
        let state = &mut self.record.state;
        (state.status, state.pid) = (Status::Exited, 0);
        (state.exit_code, state.oom_killed) = (exit.code, oom_killed);
        (state.finished, state.cause) = (Timestamp::from_unix(exit.seconds, exit.nanoseconds), cause);
        let lived = state.finished.nanoseconds().saturating_sub(state.started.nanoseconds());
        Duration::from_nanos(u64::try_from(lived).unwrap_or_default())
    }

    /// What is left of the run in the kernel and in the run root.
    pub(super) async fn clean(&self) {
        let (engine, record) = (self.engine.clone(), self.record.clone());
        let _ = blocking(move || {
            launch::clean(&engine, &record);
            Ok(())
        })
        .await;
    }

    /// Whether this end is the last one.
    fn goes_now(&self) -> bool {
        self.removal.is_some() || (self.record.host.auto_remove && !self.restarting)
    }
}
