//! What all parts of a serving shim share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::children::Children;
use crate::container::Container;
use crate::place::read_pid;
use crate::poll::Poll;
use crate::process::{Living, Phase, Process};
use crate::publish::Publisher;
use crate::runtime::Runtime;
use crate::stdio::{ConsoleSocket, Prepared, Streams};
use crate::{Error, Result, ending, locked};

/// Containers of a shim at most.
const MOST_CONTAINERS: usize = 1024;

/// How long a shim stays that has no container and that nobody is connected to.
const IDLE: Duration = Duration::from_secs(30);

/// A serving shim.
pub struct Shim {
    /// The loop.
    pub poll: Poll,
    /// Children.
    pub children: Arc<Children>,
    /// Events.
    pub publisher: Arc<Publisher>,
    /// Runtime commands.
    pub runtime: Runtime,
    /// Connections that are open.
    pub connections: AtomicUsize,
    containers: Mutex<BTreeMap<String, Arc<Container>>>,
    ends: AtomicBool,
}

impl Shim {
    /// One without containers, whose events go to `socket`.
    pub fn new(socket: PathBuf, namespace: String) -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            children: Arc::default(),
            publisher: Arc::new(Publisher::new(socket, namespace)),
            runtime: Runtime::own()?,
            connections: AtomicUsize::new(0),
            containers: Mutex::default(),
            ends: AtomicBool::new(false),
        })
    }

    /// A container.
    pub fn container(&self, id: &str) -> Result<Arc<Container>> {
        locked(&self.containers).get(id).cloned().ok_or_else(|| Error::NoContainer(id.to_owned()))
    }

    /// Refuses an id that is taken.
    pub fn check_free(&self, id: &str) -> Result<()> {
        let containers = locked(&self.containers);
        if containers.contains_key(id) {
            return Err(Error::Exists(format!("container {id}")));
        }
        if containers.len() >= MOST_CONTAINERS {
            return Err(Error::Invalid(format!("this shim has {MOST_CONTAINERS} containers already")));
        }
        Ok(())
    }

    /// Adds a container.
    pub fn insert(&self, container: Arc<Container>) {
        locked(&self.containers).insert(container.id.clone(), container);
    }

    /// Forgets a container.
    pub fn remove(&self, id: &str) {
        locked(&self.containers).remove(id);
    }

    /// Whether it has no containers.
    pub fn is_empty(&self) -> bool {
        locked(&self.containers).is_empty()
    }

    /// Ends the shim, if it has no containers.
    pub fn shut_down(&self) {
        if self.is_empty() {
            self.ends.store(true, Ordering::Release);
            self.poll.wake();
        }
    }

    /// Turns the loop until the shim is to end: asked for, or left alone without containers.
    pub fn run(&self) -> Result<()> {
        let mut last = None;
        while !self.ends.load(Ordering::Acquire) {
            let alone = self.is_empty() && self.connections.load(Ordering::Relaxed) == 0;
            let end = alone.then(|| last.unwrap_or_else(|| Instant::now() + IDLE));
            if end.is_some_and(|end| end <= Instant::now()) {
                return Ok(());
            }
            self.poll.turn(end)?;
            last = end;
        }
        Ok(())
    }

    /// Runs the runtime's `verb` (`create` or `exec`), which makes a process, and connects its streams.
    pub fn make(&self, container: &Container, process: &Process, verb: &[String]) -> Result<Living> {
        let folder = container.place.process(&process.exec);
        let prepared = Prepared::new(&process.paths, container.owner())?;
        let console = process.paths.terminal.then(|| ConsoleSocket::new(&folder)).transpose()?;
        let mut words = verb[..1].to_vec();
        words.extend(["--pid-file".to_owned(), folder.join("pid").display().to_string()]);
        if let Some(console) = &console {
            words.extend(["--console-socket".to_owned(), console.name()]);
        }
        words.extend_from_slice(&verb[1..]);
        let _command = self.children.command();
        self.runtime.run(&container.global(), &words, &folder, &prepared.ends.0)?;
        let pid = read_pid(&folder)?;
        let handle = Arc::new(self.children.adopt(pid)?);
        let streams = match console {
            None => prepared.begin(&self.poll),
            Some(console) => {
                console.receive().and_then(|terminal| Streams::of_terminal(&self.poll, &process.paths, terminal))
            }
        };
        let streams = streams.inspect_err(|_| self.give_up(pid, &handle))?;
        Ok(Living { pid, process: handle, streams: Arc::new(streams) })
    }

    /// Ends a process that nobody will hear of.
    fn give_up(&self, pid: Pid, process: &std::os::fd::OwnedFd) {
        let _dead_already = rustix::process::pidfd_send_signal(process, rustix::process::Signal::KILL);
        let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        let _ended = rustix::process::waitid(rustix::process::WaitId::Pid(pid), options);
        self.children.bury(pid);
    }

    /// Sees the end of a process from here on.
    pub fn watch(self: &Arc<Self>, container: &Arc<Container>, process: &Arc<Process>) -> Result<()> {
        let living = process.living().ok_or_else(|| process.wrong("watch", Phase::Added))?;
        ending::watch(self, container, process, &living)
    }
}
