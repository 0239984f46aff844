//! One actor a container: the only writer of its state. It takes commands from its mailbox and frames from its shim, one at a time.
//!
//! ```text
//! created ──start──► running ◄──pause/unpause──► paused
//!    │                  │ exited frame
//!    │                  ├──► restarting ──(back-off)──► running      (restart policy)
//!    └────► removing ◄──┴──► exited ──start──► running
//! ```
//!
//! While a container runs, the truth about it is its shim; once it has ended, its exit file. The record in the database follows
//! them, and is durable before a user's wish (a stop, a removal, a new name) is acknowledged.

mod attach;
mod change;
mod exit;
mod freeze;
mod network;
mod remove;
mod restart;
mod signal;
mod start;

use std::collections::VecDeque;
use std::sync::Arc;

use knarr_api::container::UpdateRequest;
use knarr_api::network::EndpointSettings;
use knarr_model::Result;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::record::TABLE;
use super::{Container, Record, health};
use crate::engine::blocking;
use crate::shim::{FromShim, Link};
use crate::{Engine, Event};

pub(crate) use attach::Wanted;
pub(crate) use signal::Intent;

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T>>;

/// What can be asked of a container.
pub(crate) enum Command {
    /// Start it.
    Start(Reply<()>),
    /// Send a signal to its first process.
    Signal(u32, Intent, Reply<()>),
    /// Freeze it.
    Pause(Reply<()>),
    /// Thaw it.
    Unpause(Reply<()>),
    /// Rows and columns of its terminal.
    Resize(u16, u16, Reply<()>),
    /// Another name.
    Rename(String, Reply<()>),
    /// Other limits and restart policy.
    Update(Box<UpdateRequest>, Reply<()>),
    /// Join a network, with wishes for the endpoint.
    Connect(String, Box<EndpointSettings>, Reply<()>),
    /// Leave a network.
    Disconnect(String, Reply<()>),
    /// Remove it, by force (killing it first), with its anonymous volumes.
    Remove {
        /// Kill it first.
        force: bool,
        /// With its anonymous volumes.
        volumes: bool,
        /// Answered once it is gone.
        reply: Reply<()>,
    },
    /// A connection to its streams, now or as soon as it is started.
    Attach(Wanted, Reply<Link>),
    /// The daemon ends: let go of the container, which runs on.
    Release(Reply<()>),
}

/// What only the actor knows.
pub(super) struct Actor {
    engine: Arc<Engine>,
    container: Arc<Container>,
    record: Record,
    mailbox: mpsc::Receiver<Command>,
    link: Option<Link>,
    /// Who waits for the shim's answer to a signal or resize, in the order of asking.
    answers: VecDeque<Reply<()>>,
    /// Who waits for the next start to be connected.
    attachers: Vec<attach::Waiting>,
    /// Who waits for the removal, which follows the next end.
    removal: Option<remove::Removal>,
    /// The user restarts it: its end does not remove it.
    restarting: bool,
    restart: restart::Backoff,
    health: Option<AbortHandle>,
    /// The server of names in its network, while it runs.
    names: Option<knarr_dns::Resolver>,
}

impl Actor {
    /// Starts the actor of a container that is not running, or that `link` leads to.
    pub(super) fn spawn(engine: Arc<Engine>, record: Record, link: Option<Link>) -> Arc<Container> {
        let (container, mailbox) = Container::new(record.clone());
        engine.containers.insert(container.clone());
        let actor = Self {
            engine,
            container: container.clone(),
            record,
            mailbox,
            link,
            answers: VecDeque::new(),
            attachers: Vec::new(),
            removal: None,
            restarting: false,
            restart: restart::Backoff::default(),
            health: None,
            names: None,
        };
        tokio::spawn(actor.run());
        container
    }

    /// Until the container is removed, or the daemon ends.
    async fn run(mut self) {
        if self.record.state.status.alive() {
            self.watch_health();
            self.serve_names().await;
        }
        loop {
            let restart_at = self.restart.at();
            let removal_at = self.removal.as_ref().and_then(remove::Removal::deadline);
            let alive = tokio::select! {
                command = self.mailbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => false,
                },
                frame = next(&mut self.link) => self.frame(frame).await,
                () = sleep_until(restart_at) => self.restart_now().await,
                () = sleep_until(removal_at) => self.end_shims().await,
            };
            if !alive {
                return;
            }
        }
    }

    /// Whether the actor lives on.
    async fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Start(reply) => {
                let result = self.start_by_user().await;
                let goes = result.is_err() && self.goes_unstarted();
                let lives = !goes || self.finish_removal().await;
                let _ = reply.send(result);
                return lives;
            }
            Command::Signal(number, intent, reply) => self.signal(number, intent, reply).await,
            Command::Pause(reply) => drop(reply.send(self.pause().await)),
            Command::Unpause(reply) => drop(reply.send(self.unpause().await)),
            Command::Resize(rows, columns, reply) => self.resize(rows, columns, reply).await,
            Command::Rename(name, reply) => drop(reply.send(self.rename(name).await)),
            Command::Update(request, reply) => drop(reply.send(self.update(*request).await)),
            Command::Connect(network, wishes, reply) => drop(reply.send(self.join(network, *wishes).await)),
            Command::Disconnect(network, reply) => drop(reply.send(self.leave(network).await)),
            Command::Remove { force, volumes, reply } => return self.remove(force, volumes, reply).await,
            Command::Attach(wanted, reply) => self.attach(wanted, reply).await,
            Command::Release(reply) => {
                self.stop_health();
                let _ = reply.send(Ok(()));
                return false;
            }
        }
        true
    }

    async fn frame(&mut self, frame: Result<FromShim>) -> bool {
        match frame {
            Ok(FromShim::Answer(errno)) => self.answered(errno),
            Ok(FromShim::Exited(exit)) => return self.exited(exit).await,
            Ok(_) => {}
            Err(error) => return self.shim_lost(&error).await,
        }
        true
    }

    /// Publishes the record as it is now, then writes it down.
    async fn publish(&mut self) {
        self.container.publish(Arc::new(self.record.clone()));
        if let Err(error) = self.save().await {
            tracing::error!(container.id = %self.record.id, error = %error.full(), "cannot write down a container's state");
        }
    }

    /// Writes the record down, then publishes it: for what a user was promised.
    async fn commit(&mut self) -> Result<()> {
        self.save().await?;
        self.container.publish(Arc::new(self.record.clone()));
        Ok(())
    }

    async fn save(&self) -> Result<()> {
        let (engine, record) = (self.engine.clone(), self.record.clone());
        blocking(move || engine.store.write(|tx| Ok(tx.put(TABLE, record.id.as_str(), &record)?))).await
    }

    fn watch_health(&mut self) {
        self.health = health::watch(&self.engine, &self.container);
    }

    fn stop_health(&mut self) {
        if let Some(check) = self.health.take() {
            check.abort();
        }
    }

    fn event(&self, action: &str) -> Event {
        Event::new("container", action, self.record.id.as_str()).with_all(&self.record.attributes())
    }

    fn tell(&self, event: Event) {
        self.engine.events.publish(event);
    }
}

async fn next(link: &mut Option<Link>) -> Result<FromShim> {
    match link {
        Some(link) => link.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
