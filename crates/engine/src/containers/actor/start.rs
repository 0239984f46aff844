//! Start: everything is prepared, the shim is spawned, those who wait are attached, the runtime runs.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use knarr_model::{ContainerId, Fault, Kind, Result};
use knarr_sys::failpoint;

use super::Actor;
use crate::Timestamp;
use crate::containers::{Status, launch};
use crate::engine::blocking;
use crate::shim::{FromShim, Link, ToShim};

/// The runtime must have started the program after this long.
const DEADLINE: Duration = Duration::from_secs(120);

impl Actor {
    pub(super) async fn start_by_user(&mut self) -> Result<()> {
        match self.record.state.status {
            Status::Running => return Err(Fault::new(Kind::NotModified, "container is already running")),
            Status::Paused => {
                return Err(Fault::conflict("cannot start a paused container, try unpause instead"));
            }
            Status::Removing | Status::Dead => {
                return Err(Fault::conflict("container is marked for removal and cannot be started"));
            }
            Status::Created | Status::Restarting | Status::Exited => {}
        }
        self.restart.cancel();
        let state = &mut self.record.state;
        (state.stopped_by_user, state.restarts) = (false, 0);
        self.start("started by request").await
    }

    pub(super) async fn start(&mut self, cause: &str) -> Result<()> {
        let container = self.container.clone();
        let _alone = container.writable.lock().await;
        let started = self.launch().await;
        match &started {
            Ok(pid) => self.started(*pid, cause).await,
            Err(error) => self.not_started(error).await,
        }
        started.map(drop)
    }

    /// Prepares and runs; the first process's number.
    async fn launch(&mut self) -> Result<u32> {
        self.record.state.start_id = ContainerId::random().short().to_owned();
        let (engine, record) = (self.engine.clone(), self.record.clone());
        let launched = blocking(move || launch::prepare(&engine, &record)).await?;
        (self.record.endpoints, self.record.ports) = (launched.endpoints, launched.ports);
        self.names = launched.names;
        failpoint!("start.shim-spawned");
        match tokio::time::timeout(DEADLINE, self.go(launched.stream)).await {
            Ok(result) => result,
            Err(_) => {
                self.end_shims().await;
                Err(Fault::internal(format!("the runtime did not start the program within {DEADLINE:?}")))
            }
        }
    }

    async fn go(&mut self, stream: UnixStream) -> Result<u32> {
        let gone = || Fault::internal("the shim ended before the container was started");
        let mut link = Link::adopt(stream)?;
        link.greet().await?;
        self.connect_waiting().await;
        let link = self.link.insert(link);
        link.send(ToShim::Go).await?;
        failpoint!("start.go-said");
        loop {
            match link.next().await? {
                FromShim::Started(pid) => return Ok(pid),
                FromShim::Failed(_) => return Err(launch::why(&self.engine, &self.record)),
                FromShim::Exited(_) => return Err(gone()),
                FromShim::Stdout(_) | FromShim::Stderr(_) | FromShim::Answer(_) => {}
            }
        }
    }

    async fn started(&mut self, pid: u32, cause: &str) {
        failpoint!("start.program-runs");
        let state = &mut self.record.state;
        state.status = Status::Running;
        (state.pid, state.exit_code, state.oom_killed) = (pid, 0, false);
        state.started = Timestamp::now();
        state.error.clear();
        cause.clone_into(&mut state.cause);
        self.restarting = false;
        self.publish().await;
        failpoint!("start.published");
        self.tell(self.event("start"));
        self.watch_health();
    }

    /// Takes back what was prepared, and remembers why it failed.
    async fn not_started(&mut self, error: &Fault) {
        (self.link, self.names) = (None, None);
        let (engine, record) = (self.engine.clone(), self.record.clone());
        let taken_back = blocking(move || {
            launch::clean(&engine, &record);
            launch::release(&engine, &record);
            Ok(())
        });
        let _ = taken_back.await;
        self.attachers.clear();
        let state = &mut self.record.state;
        if state.status != Status::Created {
            state.status = Status::Exited;
        }
        state.error = error.full();
        state.exit_code = launch::exit_code(&state.error);
        state.cause = "could not be started".into();
        state.pid = 0;
        self.record.endpoints.clear();
        self.record.ports.clear();
        self.publish().await;
    }

    /// A container that removes itself does so too where it could not be started.
    pub(super) fn goes_unstarted(&self) -> bool {
        let rests = matches!(self.record.state.status, Status::Created | Status::Exited);
        self.record.host.auto_remove && rests
    }
}
