//! The runtime's own program, out of reach of containers (flaw row 1): a process of ours inside a container shows our
//! executable as `/proc/<pid>/exe`, which must not be a way to write to it.

use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use knarr_mounts::{Attributes, clone_tree, set_attributes};
use knarr_sys::exec::exec_file;
use rustix::fs::{CWD, StatVfsMountFlags, statvfs};

use crate::{Error, Result};

const OWN: &str = "/proc/self/exe";

/// Makes sure that this program runs from a read-only mount: where it does not, it starts itself again from a detached
/// read-only copy of its mount. Whoever starts the runtime that way at once (the shim) spares it this.
pub fn read_only_executable() -> Result<()> {
    let stat = statvfs(OWN).map_err(|e| Error::io("look at", OWN, e))?;
    if stat.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Ok(());
    }
    let copy = clone_tree(CWD, Path::new(OWN), false)?;
    set_attributes(copy.as_fd(), Attributes::READ_ONLY, false)?;
    Err(again(&copy))
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
