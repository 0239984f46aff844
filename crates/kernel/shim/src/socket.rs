//! The sockets in the shim's folder.

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, acceptfrom_with, bind, listen, socket_with};

use crate::text::Text;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 64;

/// Listens at `name` (mode 0600) in `folder`, in the place of a stale one. The path goes through the opened folder:
/// a socket's path is at most 107 bytes long, the folder's may be longer.
pub fn listen_at(folder: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let mut path = Text::<107>::of(&[b"/proc/self/fd/"]);
    path.put_number(folder.as_raw_fd() as u64, 1);
    path.put(b"/");
    path.put(name);
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = bind(&socket, &SocketAddrUnix::new(path.bytes())?);
    rustix::process::umask(before);
    bound?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// The next connection, if its owner is root or the shim's own user; others are cut off.
pub fn accept(listener: &OwnedFd) -> Result<OwnedFd, Errno> {
    let (connection, _) = acceptfrom_with(listener, SocketFlags::CLOEXEC)?;
    let peer = rustix::net::sockopt::socket_peercred(&connection)?;
    if peer.uid.is_root() || peer.uid == rustix::process::geteuid() { Ok(connection) } else { Err(Errno::PERM) }
}
