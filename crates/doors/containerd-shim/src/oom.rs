//! Processes that the kernel killed for want of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use knarr_cgroups::OomWatch;

use crate::container::Container;
use crate::messages::events::TaskOOM;
use crate::poll::{Poll, Ready, Token};
use crate::publish::Publisher;

/// How many times a container's want of memory has been told.
#[derive(Default)]
pub struct OomCount(AtomicU64);

/// The handler of a container's watch.
pub struct OomHandler {
    /// The container.
    pub container: Arc<Container>,
    /// Its watch.
    pub watch: OomWatch,
    /// Who is told.
    pub publisher: Arc<Publisher>,
}

impl Ready for OomHandler {
    fn ready(&self, poll: &Poll, token: Token) {
        match self.watch.take() {
            Ok(true) => tell(&self.container, &self.publisher),
            Ok(false) => {}
            // The cgroup has gone.
            Err(_) => poll.remove(token),
        }
    }
}

/// At the end of a container: tells what the watch had no time to see.
pub fn tell_last(container: &Container, publisher: &Publisher) {
    let killed = container.cgroup().and_then(|cgroup| Ok(cgroup.oom_kills()?)).unwrap_or(0);
    if killed > 0 && container.oom.0.load(Ordering::Relaxed) == 0 {
        tell(container, publisher);
    }
}

fn tell(container: &Container, publisher: &Publisher) {
    container.oom.0.fetch_add(1, Ordering::Relaxed);
    publisher.send(&TaskOOM { container_id: container.id.clone() });
}
