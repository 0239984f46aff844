//! One thread for what nobody waits for: filling the pool, removing the links of dead containers, putting the firewall
//! back when somebody flushed it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::NetworkError;
use crate::firewall::Watch;
use crate::netlink::route::Links;
use crate::room::Shared;

/// How others call the thread.
pub(crate) struct Bell {
    fd: OwnedFd,
    stop: AtomicBool,
    dead_links: Mutex<Vec<String>>,
}

impl Bell {
    pub(crate) fn new() -> Result<Self, NetworkError> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let fd = fd.map_err(NetworkError::kernel("make an eventfd"))?;
        Ok(Self { fd, stop: AtomicBool::new(false), dead_links: Mutex::default() })
    }

    /// Says that there is something to do.
    pub(crate) fn ring(&self) {
        // The only way to fail is a full counter, and then the thread is awake anyway.
        let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
    }

    /// Has links removed.
    pub(crate) fn bury(&self, links: impl IntoIterator<Item = String>) {
        self.dead_links.lock().unwrap_or_else(PoisonError::into_inner).extend(links);
        self.ring();
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.ring();
    }

    fn take_dead_links(&self) -> Vec<String> {
        std::mem::take(&mut *self.dead_links.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The thread; dropping this ends it.
pub(crate) struct Housekeeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    /// Starts the thread.
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self, NetworkError> {
        let watch = Watch::open(&shared.table).map_err(NetworkError::kernel("watch the firewall"))?;
        let work = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("network".to_owned());
        let thread = builder.spawn(move || run(&work, watch)).map_err(NetworkError::kernel("start a thread"))?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.shared.bell.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, mut watch: Watch) {
    loop {
        // Asked before the links are taken: what was buried before the stop is removed.
        let stop = shared.bell.stop.load(Ordering::Acquire);
        remove_links(shared.bell.take_dead_links());
        if stop {
            return;
        }
        match shared.pool.refill() {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot make a network namespace ahead of time"),
        }
        if let Err(error) = wait(shared, &mut watch) {
            tracing::warn!(%error, "cannot watch the firewall");
            return;
        }
    }
}

fn remove_links(names: Vec<String>) {
    for name in names {
        if let Err(error) = Links::open().and_then(|mut links| links.delete(&name)) {
            tracing::warn!(%error, link = name, "cannot remove a link");
        }
    }
}

/// Waits for a call or for news of the firewall.
fn wait(shared: &Shared, watch: &mut Watch) -> io::Result<()> {
    let news = watch.socket();
    let mut fds = [PollFd::new(&shared.bell.fd, PollFlags::IN), PollFd::new(&news, PollFlags::IN)];
    match poll(&mut fds, None) {
        Err(rustix::io::Errno::INTR) => return Ok(()),
        polled => polled?,
    };
    let [called, news] = fds.map(|fd| !fd.revents().is_empty());
    if called {
        // Resets the counter; an empty one is no failure.
        let _ = rustix::io::read(&shared.bell.fd, &mut [0u8; 8]);
    }
    if news && watch.table_may_be_gone()? {
        shared.repair_firewall();
    }
    Ok(())
}
