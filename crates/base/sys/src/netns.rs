//! Network namespaces as descriptors (network_namespaces(7)): made and entered by a thread of their own, so that no
//! other thread of the process ever changes its namespace.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::resume_unwind;
use std::thread;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// Makes a network namespace, runs `setup` inside it and returns the namespace with what `setup` returned. The namespace
/// lives as long as the descriptor, a process in it, or a socket that `setup` opened.
pub fn create<T, E>(setup: impl FnOnce() -> Result<T, E> + Send) -> Result<(OwnedFd, T), E>
where
    T: Send,
    E: From<io::Error> + Send,
{
    on_own_thread(|| {
        // SAFETY: unshare is unsafe because CLONE_FILES would split the descriptor table under other threads' feet;
        // CLONE_NEWNET changes nothing but this thread's network namespace, and the thread ends with this closure.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.map_err(io::Error::from)?;
        let namespace = current()?;
        Ok((namespace, setup()?))
    })
}

/// Runs `work` inside `namespace`.
pub fn inside<T, E>(namespace: impl AsFd + Send, work: impl FnOnce() -> Result<T, E> + Send) -> Result<T, E>
where
    T: Send,
    E: From<io::Error> + Send,
{
    on_own_thread(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).map_err(io::Error::from)?;
        work()
    })
}

/// The calling thread's network namespace.
pub fn current() -> io::Result<OwnedFd> {
    File::open("/proc/thread-self/ns/net").map(OwnedFd::from)
}

fn on_own_thread<T, E>(work: impl FnOnce() -> Result<T, E> + Send) -> Result<T, E>
where
    T: Send,
    E: From<io::Error> + Send,
{
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("netns".to_owned()).spawn_scoped(scope, work)?;
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
