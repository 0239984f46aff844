//! The two programs that a shim needs: its own, and the runtime's.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use knarr_sys::mount::{MountAttr, RDONLY, mount_setattr};
use rustix::fs::{CWD, MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use rustix::mount::{OpenTreeFlags, open_tree};

use crate::{Error, Result};

/// The path of the running program, as the kernel knows it.
const SELF: &str = "/proc/self/exe";

/// A memory file with the shim's program, sealed so that nobody can change it.
pub fn shim_memfd(program: &[u8]) -> Result<OwnedFd> {
    let failed = |source: io::Error| Error::io("put the shim's program into memory", source);
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = match memfd_create("knarr-shim", flags | MemfdFlags::EXEC) {
        // Before Linux 6.3 every memory file may be executed, and the flag is unknown.
        Err(Errno::INVAL) => memfd_create("knarr-shim", flags),
        result => result,
    };
    let mut file = File::from(memory.map_err(|e| failed(e.into()))?);
    file.write_all(program).map_err(failed)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, seals).map_err(|e| failed(e.into()))?;
    Ok(file.into())
}

/// The running program as a read-only mount of its own that hangs in no tree: through a container's
/// `/proc/<pid>/exe` it cannot be written (flaw row 1). Where the kernel refuses such a mount, the file opened for
/// reading.
pub fn runtime_fd() -> Result<OwnedFd> {
    match detached() {
        Ok(fd) => Ok(fd),
        Err(_refused) => {
            let file = File::open(SELF).map_err(|source| Error::io(format!("open {SELF}"), source))?;
            Ok(file.into())
        }
    }
}

fn detached() -> io::Result<OwnedFd> {
    let tree = open_tree(CWD, SELF, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)?;
    mount_setattr(tree.as_fd(), c"", false, &MountAttr { set: RDONLY, ..MountAttr::default() })?;
    Ok(tree)
}
