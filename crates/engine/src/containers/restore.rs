//! A daemon comes back: records are compared with what lives.
//!
//! ```text
//! record says   shim answers   exit file   then
//! anything      yes            –           running (or paused): its actor takes the connection up again
//! alive         no             yes         ended, with the true exit code
//! alive         no             no          ended with 255: nobody saw it (a reboot, a killed shim); a shim that lets nobody in is ended
//! not alive     no             of a start that was not written down: ended, with its code
//! step of a build                          removed: nobody waits for it
//! ```

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use knarr_model::{ContainerId, Fault, Result};
use knarr_shim_client::{ExitRecord, read_exit};
use knarr_store::Store;

use super::actor::{Actor, Command};
use super::record::{NAMES, TABLE};
use super::{Record, Status, launch};
use crate::Engine;
use crate::Timestamp;
use crate::engine::blocking;
use crate::roots::Roots;
use crate::shim::{FromShim, Link, ToShim, want};

/// A shim that says nothing for this long is taken at its record's word.
const PATIENCE: Duration = Duration::from_secs(5);

/// What records, shims and exit files say.
pub(crate) struct Found(Vec<(Record, Option<UnixStream>, Option<ExitRecord>)>);

impl Found {
    /// The containers whose shims answer.
    pub(crate) fn running(&self) -> BTreeSet<ContainerId> {
        self.0.iter().filter(|(_, shim, _)| shim.is_some()).map(|(record, ..)| record.id.clone()).collect()
    }
}

/// Reads records and asks shims. Nothing is changed yet.
pub(crate) fn look(store: &Store, roots: &Roots) -> Result<Found> {
    let records: Vec<(String, Record)> = store.read(|tx| Ok::<_, Fault>(tx.list(TABLE)?))?;
    let deadline = Instant::now() + PATIENCE;
    let all = records.into_iter().map(|(_, record)| {
        let shim = connect(&roots.exec("shims").join(record.id.as_str()), deadline);
        let exit = recorded_exit(roots, &record);
        (record, shim, exit)
    });
    Ok(Found(all.collect()))
}

/// The shim in `dir`, if there is one. Where its queue is full of an earlier daemon's clients, it may empty it until the deadline.
fn connect(dir: &Path, deadline: Instant) -> Option<UnixStream> {
    loop {
        match knarr_shim_client::connect(dir) {
            Ok(stream) => return Some(stream),
            Err(knarr_shim_client::Error::Busy(_)) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(_) => return None,
        }
    }
}

/// What the shim of the last run wrote.
fn recorded_exit(roots: &Roots, record: &Record) -> Option<ExitRecord> {
    let file = roots.data("containers").join(record.id.as_str()).join("exit.json");
    let exit = read_exit(&file).inspect_err(|error| tracing::warn!(%error, "an exit file cannot be read"));
    exit.ok().flatten()
}

impl Engine {
    /// Brings every container to where it is, removes what is left of half-made ones, applies restart policies.
    pub(crate) async fn restore(self: &Arc<Self>, found: Found) {
        let known: HashSet<String> = found.0.iter().map(|(record, ..)| record.id.to_string()).collect();
        // All at once, so that one stuck shim does not hold up the others.
        let later = join_all(found.0.into_iter().map(|(record, shim, exit)| self.reconcile(record, shim, exit))).await;
        let engine = self.clone();
        let swept = blocking(move || {
            engine.sweep_orphans();
            engine.sweep_unknown(&known)
        })
        .await;
        if let Err(error) = swept {
            tracing::warn!(error = %error.full(), "cannot sweep away half-made containers");
        }
        let engine = self.clone();
        tokio::spawn(async move {
            for id in later.into_iter().flatten() {
                engine.start_again(&id).await;
            }
        });
    }

    /// Brings one container to where it is; its id where its policy starts it again.
    async fn reconcile(
        self: &Arc<Self>,
        mut record: Record,
        shim: Option<UnixStream>,
        mut exit: Option<ExitRecord>,
    ) -> Option<ContainerId> {
        if let Some(shim) = shim {
            match greet(&mut record, shim).await {
                Ok(link) => {
                    let (id, of_build) = (record.id.clone(), record.of_build);
                    self.take_up(record, link).await;
                    if of_build {
                        self.discard(&id).await;
                    }
                    return None;
                }
                // It ended between the look and the greeting.
                Err(_) => exit = recorded_exit(&self.roots, &record),
            }
        }
        let id = record.id.clone();
        self.settle(record, exit).await.then_some(id)
    }

    /// A container that lives.
    async fn take_up(self: &Arc<Self>, mut record: Record, link: Link) {
        let cgroup = launch::cgroup_path(&self.config, &record);
        let frozen = blocking(move || Ok(knarr_cgroups::Cgroup::open(&cgroup)?.is_frozen()?)).await;
        record.state.status = if frozen.unwrap_or_default() { Status::Paused } else { Status::Running };
        Actor::spawn(self.clone(), record, Some(link));
    }

    /// A container that does not live; whether its policy starts it again.
    async fn settle(self: &Arc<Self>, mut record: Record, exit: Option<ExitRecord>) -> bool {
        let was_alive = record.state.status.alive();
        let unrecorded = exit.as_ref().is_some_and(|exit| exit.start_id != record.state.start_id);
        if was_alive || unrecorded {
            note_end(&mut record, exit);
        }
        let waited = matches!(record.state.status, Status::Restarting | Status::Removing);
        if waited {
            record.state.status = Status::Exited;
        }
        let again = (was_alive || unrecorded || waited) && starts_again(&record);
        let (engine, ended) = (self.clone(), record.clone());
        let _ = blocking(move || {
            if was_alive {
                // Found dead, or without its socket, or too busy: nothing of it may touch the next run's files.
                launch::end_shims(&ended.id);
            }
            launch::release(&engine, &ended);
            launch::clean(&engine, &ended);
            engine.store.write(|tx| Ok::<_, Fault>(tx.put(TABLE, ended.id.as_str(), &ended)?))
        })
        .await;
        let goes = record.of_build || record.host.auto_remove && (was_alive || unrecorded);
        let id = record.id.clone();
        Actor::spawn(self.clone(), record, None);
        if goes {
            self.discard(&id).await;
        }
        again && !goes
    }

    /// Removes a container that was not to outlive its work.
    async fn discard(&self, id: &ContainerId) {
        if let Err(error) = self.remove(id.as_str(), true, true).await {
            tracing::warn!(container.id = %id, error = %error.full(), "cannot remove a container that removes itself");
        }
    }

    async fn start_again(&self, id: &ContainerId) {
        if let Err(error) = self.start(id.as_str()).await {
            tracing::warn!(container.id = %id, error = %error.full(), "cannot start a container again");
        }
    }

    /// Removes folders, run state and names that belong to no record.
    fn sweep_unknown(self: &Arc<Self>, known: &HashSet<String>) -> Result<()> {
        self.store.write(|tx| {
            for (name, id) in tx.list::<String>(NAMES)? {
                if !known.contains(&id) {
                    tx.delete(NAMES, &name)?;
                }
            }
            Ok::<_, Fault>(())
        })?;
        let containers = self.roots.data("containers");
        match self.store.restored() {
            // They may only be unknown because what is known is older.
            Some(_) => each_unknown(&containers, known, |path| self.set_aside(path)),
            None => each_unknown(&containers, known, launch::remove_tree),
        }
        each_unknown(&self.roots.exec("bundles"), known, launch::remove_tree);
        let runtime = self.roots.exec("runtime");
        each_unknown(&runtime, known, |path| {
            let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            knarr_runtime::delete(&runtime, &id, true).map_err(std::io::Error::other)
        });
        each_unknown(&self.roots.exec("shims"), known, |path| self.sweep_session(path));
        Ok(())
    }

    /// Keeps a container's folder where nobody takes it for one.
    fn set_aside(&self, path: &Path) -> std::io::Result<()> {
        let quarantine = self.roots.data("quarantine");
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::create_dir_all(&quarantine)?;
        fs::rename(path, quarantine.join(format!("container-{id}")))?;
        tracing::warn!(
            container.id = id,
            "not known to the restored database: its folder was moved to {}",
            quarantine.display()
        );
        Ok(())
    }

    /// Ends what is left of exec sessions whose shim is gone.
    fn sweep_orphans(&self) {
        for container in self.containers.all() {
            let record = container.view();
            if record.state.status.alive() {
                launch::end_orphans(self, &record);
            }
        }
    }

    /// The shim of an exec session: nobody remembers the session, but its process lives on.
    fn sweep_session(self: &Arc<Self>, dir: &Path) -> std::io::Result<()> {
        let Ok(shim) = knarr_shim_client::connect(dir) else { return launch::remove_tree(dir) };
        let (engine, dir) = (self.clone(), dir.to_owned());
        let handle = tokio::runtime::Handle::current();
        handle.spawn(async move {
            if let Ok(mut link) = Link::adopt(shim) {
                let _ = link.send(ToShim::Hello(want::EVENTS)).await;
                while link.next().await.is_ok() {}
            }
            let _ = blocking(move || {
                engine.sweep_orphans();
                Ok(launch::remove_tree(&dir))
            })
            .await;
        });
        Ok(())
    }

    /// Lets go of all containers, which run on.
    pub(crate) async fn release_containers(&self) {
        for container in self.containers.all() {
            let _ = container.ask(Command::Release).await;
            self.containers.remove(container.id());
        }
    }
}

/// Says hello to a living shim, and learns the process's number from it.
async fn greet(record: &mut Record, shim: UnixStream) -> Result<Link> {
    let mut link = Link::adopt(shim)?;
    link.send(ToShim::Hello(want::EVENTS)).await?;
    // What was written down is right in all cases but one: the daemon died between the start and the record.
    if let Ok(Ok(FromShim::Started(pid))) = tokio::time::timeout(PATIENCE, link.next()).await {
        record.state.pid = pid;
    }
    if !record.state.status.alive() {
        record.state.started = Timestamp::now();
        record.state.cause = "started; found running by a daemon that came back".into();
    }
    Ok(link)
}

fn note_end(record: &mut Record, exit: Option<ExitRecord>) {
    let state = &mut record.state;
    (state.status, state.pid) = (Status::Exited, 0);
    match exit {
        Some(exit) => {
            state.exit_code = exit.code;
            state.finished = exit.time.parse().unwrap_or_else(|_| Timestamp::now());
            state.start_id = exit.start_id;
            state.cause = format!("exited with code {} while no daemon ran", exit.code);
        }
        None => {
            state.exit_code = 255;
            state.finished = Timestamp::now();
            state.cause = "ended while no daemon ran: the exit code is unknown".into();
        }
    }
    record.endpoints.clear();
    record.ports.clear();
}

fn starts_again(record: &Record) -> bool {
    let state = &record.state;
    match record.host.restart_policy.name.as_str() {
        "always" => true,
        "unless-stopped" => !state.stopped_by_user,
        "on-failure" => state.exit_code != 0 && !state.stopped_by_user,
        _ => false,
    }
}

fn each_unknown(dir: &Path, known: &HashSet<String>, remove: impl Fn(&Path) -> std::io::Result<()>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if known.contains(entry.file_name().to_string_lossy().as_ref()) {
            continue;
        }
        if let Err(error) = remove(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot remove what is left of a container");
        }
    }
}
