//! The shim itself.

use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use knarr_cgroups::Cgroup;
use knarr_spec::LinuxResources;

use super::start::LISTENER;
use crate::arguments::Arguments;
use crate::children::Orphans;
use crate::poll::{Poll, Ready, Token};
use crate::service::Tasks;
use crate::shim::Shim;
use crate::{Error, Result, log, stdio, ttrpc};

/// How long the last output and the last events may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until the last container has gone.
pub fn serve(arguments: &Arguments) -> Result<()> {
    log::open(&arguments.bundle.join("log"));
    join_cgroup(&arguments.cgroup);
    let missing = || Error::Usage("there is no socket: this program is started by `start`".to_owned());
    let listener = UnixListener::from(knarr_sys::program::inherited(LISTENER).ok_or_else(missing)?);
    let own = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(own)).map_err(|e| Error::io("become", "a subreaper", e))?;
    // Before there are threads, so that all of them leave the signal to the descriptor.
    let events = knarr_sys::program::child_events().map_err(|e| Error::io("wait for", "children", e))?;
    // A bundle goes before its shim does.
    std::env::set_current_dir("/").map_err(|e| Error::io("change to", "/", e))?;
    let shim = Arc::new(Shim::new(arguments.events.clone(), arguments.namespace.clone())?);
    let (token, orphans) = shim.poll.add(|_| Orphans { children: shim.children.clone(), events });
    shim.poll.watch(&orphans.events, token)?;
    accept(&shim, listener)?;
    let publisher = shim.publisher.clone();
    std::thread::Builder::new().spawn(move || publisher.run()).map_err(|e| Error::io("start", "a thread", e))?;
    shim.run()?;
    let _replaced_already = std::fs::remove_file(&arguments.socket);
    let limit = Instant::now() + PATIENCE;
    stdio::finish(&shim.poll, limit);
    shim.publisher.flush(limit);
    Ok(())
}

/// The cgroup that containerd's client wants the shim in; one that cannot be joined does not keep a container from
/// running.
fn join_cgroup(path: &str) {
    if path.is_empty() {
        return;
    }
    let cgroup = Cgroup::open(path).or_else(|_| Cgroup::create(path, &LinuxResources::default()));
    let entered = cgroup.and_then(|cgroup| cgroup.join()).map(|join| join.enter_tasks().and(join.enter_unified()));
    match entered {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::warn(&format!("cannot join the cgroup {path}: {error}")),
        Err(error) => log::warn(&format!("cannot {error}")),
    }
}

/// The handler of the listening socket.
struct Door {
    shim: Arc<Shim>,
    listener: UnixListener,
    tasks: Arc<Tasks>,
}

fn accept(shim: &Arc<Shim>, listener: UnixListener) -> Result<()> {
    listener.set_nonblocking(true).map_err(|e| Error::io("change", "the socket", e))?;
    let tasks = Arc::new(Tasks(shim.clone()));
    let (token, door) = shim.poll.add(|_| Door { shim: shim.clone(), listener, tasks });
    shim.poll.watch(&door.listener, token)
}

impl Ready for Door {
    fn ready(&self, _: &Poll, _: Token) {
        let Ok((connection, _)) = self.listener.accept() else { return };
        let (shim, tasks) = (self.shim.clone(), self.tasks.clone());
        shim.connections.fetch_add(1, Ordering::Relaxed);
        let thread = std::thread::Builder::new().spawn(move || {
            let _cut = ttrpc::serve(connection, &tasks);
            shim.connections.fetch_sub(1, Ordering::Relaxed);
            shim.poll.wake();
        });
        if thread.is_err() {
            self.shim.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
