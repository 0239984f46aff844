//! The runtime's own program, out of reach of containers (flaw row 1): a process of ours inside a container shows our
//! executable as `/proc/<pid>/exe`, which must not be a way to write to it.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use knarr_mounts::{Attributes, clone_tree, set_attributes};
use knarr_sys::exec::exec_file;
use rustix::fs::{
    CWD, MemfdFlags, SealFlags, StatVfsMountFlags, fcntl_add_seals, fcntl_get_seals, memfd_create, statvfs,
};
use rustix::io::Errno;

use crate::{Error, Result};

const OWN: &str = "/proc/self/exe";

/// Makes sure that this program runs from a read-only mount: where it does not, it starts itself again from a detached
/// read-only copy of its mount; where it may not mount, from a sealed copy in memory. Whoever starts the runtime
/// read-only at once (the shim) spares it this.
pub fn read_only_executable() -> Result<()> {
    let stat = statvfs(OWN).map_err(|e| Error::io("look at", OWN, e))?;
    if stat.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Ok(());
    }
    match clone_tree(CWD, Path::new(OWN), false) {
        Err(error) if error.errno() == Some(Errno::PERM) => in_memory(),
        copy => {
            let copy = copy?;
            set_attributes(copy.as_fd(), Attributes::READ_ONLY, false)?;
            Err(again(&copy))
        }
    }
}

fn in_memory() -> Result<()> {
    let mut own = File::open(OWN).map_err(|e| Error::io("open", OWN, e))?;
    if fcntl_get_seals(&own).is_ok_and(|seals| seals.contains(SealFlags::WRITE)) {
        return Ok(());
    }
    let fault = |e: std::io::Error| Error::io("copy into memory", OWN, e);
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut copy = File::from(memfd_create("knarr-runtime", flags).map_err(|e| fault(e.into()))?);
    std::io::copy(&mut own, &mut copy).map_err(fault)?;
    let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    fcntl_add_seals(&copy, all).map_err(|e| fault(e.into()))?;
    Err(again(&copy.into()))
}

/// Returns only on failure.
fn again(file: &OwnedFd) -> Error {
    let text = |word: OsString| CString::new(word.into_vec()).unwrap_or_default();
    let args: Vec<CString> = std::env::args_os().map(text).collect();
    let variable = |(name, value): (OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).unwrap_or_default()
    };
    let env: Vec<CString> = std::env::vars_os().map(variable).collect();
    Error::io("start again", OWN, exec_file(file.as_fd(), &args, &env))
}
