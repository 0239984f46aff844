//! The socket of a shim: one at a time makes it or removes it, so that no two shims are made for a group.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use prost::Message as _;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::process::umask;
use sha2::{Digest, Sha256};

use crate::messages::task::{ContainerRequest, SERVICE};
use crate::ttrpc::Client;
use crate::{Error, Result};

/// Where shims of all kinds listen.
const FOLDER: &str = "/run/containerd/s";

/// The socket of a group's shim: a path of fixed length, another one for each containerd, namespace and group.
pub fn path(address: &str, namespace: &str, group: &str) -> PathBuf {
    let mut hash = Sha256::new();
    for part in [address, namespace, group] {
        // With a byte that no part has, so that no two triples run together.
        hash.update(part);
        hash.update([0]);
    }
    let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Path::new(FOLDER).join(name)
}

/// A socket for a new shim; none where one listens already.
pub fn listen(socket: &Path) -> Result<Option<UnixListener>> {
    let failed = |e: io::Error| Error::io("listen on", socket.display().to_string(), e);
    let _lock = lock(socket).map_err(failed)?;
    match bind(socket) {
        Err(e) if e.kind() == ErrorKind::AddrInUse => {}
        other => return other.map(Some).map_err(failed),
    }
    if lives(socket) {
        return Ok(None);
    }
    // Its shim is dead.
    std::fs::remove_file(socket).and_then(|()| bind(socket)).map(Some).map_err(failed)
}

/// Removes the socket of a dead shim; one that answers is another shim's by now.
pub fn remove_stale(socket: &Path) -> Result<()> {
    let removed = lock(socket).and_then(|_lock| match lives(socket) {
        true => Ok(()),
        false => std::fs::remove_file(socket),
    });
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", socket.display().to_string(), e)),
        _ => Ok(()),
    }
}

/// Whether a shim answers. A process that is being killed can be connected to for some milliseconds, so that the
/// connection alone says nothing; one that is stopped lives.
fn lives(socket: &Path) -> bool {
    let payload = ContainerRequest::default().encode_to_vec();
    let answer = Client::connect(socket).and_then(|mut client| client.call(SERVICE, "Connect", payload));
    answer.is_ok() || answer.is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Ours alone from its beginning.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    let before = umask(Mode::XUSR | Mode::RWXG | Mode::RWXO);
    let bound = UnixListener::bind(socket);
    umask(before);
    bound
}

/// Held until it is dropped.
fn lock(socket: &Path) -> io::Result<OwnedFd> {
    let folder = socket.parent().unwrap_or(Path::new("/"));
    std::fs::DirBuilder::new().recursive(true).mode(0o711).create(folder)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let lock = rustix::fs::open(folder, flags, Mode::empty())?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_and_short_enough() {
        let names = [path("a", "b", "c"), path("a", "bc", ""), path("ab", "", "c"), path("a", "b", "d")];
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 4);
        assert!(names[0].as_os_str().len() < 108);
    }

    /// Answers every call.
    struct Echo;

    impl crate::ttrpc::Service for Echo {
        fn call(&self, _: &str, _: &str, payload: &[u8], reply: crate::ttrpc::Reply) {
            reply.send(Ok(payload.to_vec()));
        }
    }

    #[test]
    fn a_living_socket_is_kept_and_a_dead_one_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = listen(&socket).unwrap().unwrap();
        let server = std::thread::spawn(move || {
            for _ in 0..2 {
                crate::ttrpc::serve(listener.accept().unwrap().0, &std::sync::Arc::new(Echo)).unwrap();
            }
            // One that is about to end: it can be connected to, and does not answer.
            drop(listener.accept().unwrap());
            listener
        });
        assert!(listen(&socket).unwrap().is_none());
        remove_stale(&socket).unwrap();
        assert!(socket.exists());
        remove_stale(&socket).unwrap();
        assert!(!socket.exists());
        drop(server.join().unwrap());
        drop(listen(&socket).unwrap().unwrap());
        assert!(listen(&socket).unwrap().is_some());
    }
}
