//! Leaving namespaces: unshare(2).

use std::io;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Moves the calling thread to new namespaces. `CLONE_FILES` is refused: other threads would lose descriptors under
/// their feet.
pub fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    if namespaces.contains(UnshareFlags::FILES) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: unshare is unsafe for CLONE_FILES only, which was refused.
    unsafe { unshare_unsafe(namespaces) }.map_err(io::Error::from)
}
