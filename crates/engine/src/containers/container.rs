//! The handle of a container: what everybody shares of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use knarr_api::container::Health;
use knarr_model::{ContainerId, Fault, Kind, Result};
use tokio::sync::{mpsc, oneshot, watch};

use super::actor::Command;
use super::exec::Session;
use super::{Record, Status};

/// Commands waiting for one container; more are refused.
pub(super) const MAILBOX: usize = 64;

/// How long a shim may take to answer.
pub(super) const SHIM_PATIENCE: Duration = Duration::from_secs(10);

/// A container: its snapshot, its mailbox, and the counters on which `wait` waits.
pub struct Container {
    id: ContainerId,
    view: ArcSwap<Record>,
    life: watch::Sender<Life>,
    mailbox: mpsc::Sender<Command>,
    pub(super) health: ArcSwapOption<Health>,
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
    /// Held by who mounts the writable layer: overlayfs does not bear two mounts of one (filesystems/overlayfs, "Sharing and copying layers").
    /// By a start until the container is seen to run, by work on a stopped container's files.
    pub(crate) writable: tokio::sync::Mutex<()>,
}

/// What changes in a container's life, for those who wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Life {
    /// Where in its life.
    pub(crate) status: Status,
    /// How often it ended since the daemon knows it.
    pub(crate) exits: u64,
    /// Of the last end.
    pub(crate) exit_code: i32,
    /// It is gone.
    pub(crate) removed: bool,
}

impl Container {
    /// The handle of `record`, and the receiving end of its mailbox.
    pub(super) fn new(record: Record) -> (Arc<Self>, mpsc::Receiver<Command>) {
        let (mailbox, receiver) = mpsc::channel(MAILBOX);
        let state = &record.state;
        let life = Life { status: state.status, exit_code: state.exit_code, ..Life::default() };
        let container = Self {
            id: record.id.clone(),
            view: ArcSwap::from_pointee(record),
            life: watch::Sender::new(life),
            mailbox,
            health: ArcSwapOption::empty(),
            sessions: Mutex::default(),
            writable: tokio::sync::Mutex::default(),
        };
        (Arc::new(container), receiver)
    }

    /// Its id.
    pub fn id(&self) -> &ContainerId {
        &self.id
    }

    /// How it is at this moment. Never waits.
    pub fn view(&self) -> Arc<Record> {
        self.view.load_full()
    }

    /// Publishes what it is from now on. Only its actor calls this.
    pub(super) fn publish(&self, record: Arc<Record>) {
        let (status, exit_code) = (record.state.status, record.state.exit_code);
        self.view.store(record);
        self.life.send_modify(|life| {
            if life.status.alive() && !status.alive() {
                life.exits += 1;
            }
            (life.status, life.exit_code) = (status, exit_code);
        });
    }

    /// Tells those who wait that it is gone.
    pub(super) fn publish_removed(&self) {
        self.life.send_modify(|life| life.removed = true);
    }

    /// Follows its life.
    pub(crate) fn life(&self) -> watch::Receiver<Life> {
        self.life.subscribe()
    }

    /// Sends a command to its actor and waits for the answer.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command) -> Result<T> {
        self.order(command)?.await.map_err(|_| self.gone())?
    }

    /// The same of what its shim must answer: one that is stopped keeps nobody waiting for ever.
    pub(super) async fn ask_shim<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command) -> Result<T> {
        let answer = tokio::time::timeout(SHIM_PATIENCE, self.ask(command)).await;
        answer.unwrap_or_else(|_| Err(silent_shim(&self.id)))
    }

    /// Sends a command to its actor; commands that were sent later come later.
    pub(crate) fn order<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (sender, receiver) = oneshot::channel();
        match self.mailbox.try_send(command(sender)) {
            Ok(()) => Ok(receiver),
            Err(mpsc::error::TrySendError::Full(_)) => {
                let text = format!("container {} is busy: {MAILBOX} requests are waiting for it", self.id.short());
                Err(Fault::new(Kind::Unavailable, text))
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.gone()),
        }
    }

    fn gone(&self) -> Fault {
        Fault::not_found(format!("No such container: {}", self.id))
    }

    /// Its exec sessions by id.
    pub(super) fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shim of a container does not answer.
pub(super) fn silent_shim(id: &ContainerId) -> Fault {
    let text = format!("the shim of container {} does not answer; `rm -f` ends both", id.short());
    Fault::new(Kind::Unavailable, text)
}
