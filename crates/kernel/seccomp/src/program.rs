//! A compiled filter.

use std::io;
use std::os::fd::OwnedFd;

use knarr_sys::seccomp::{self, Insn, NEW_LISTENER};

use crate::{Error, Result};

/// Classic BPF over `struct seccomp_data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The instructions.
    pub filter: Vec<Insn>,
    /// `SECCOMP_FILTER_FLAG_*`.
    pub flags: u32,
}

impl Program {
    /// Whether some call is answered by a listener: [`install`] then gives the descriptor for it.
    pub fn notifies(&self) -> bool {
        self.flags & NEW_LISTENER != 0
    }
}

/// Filters the calling thread and all that it becomes, for ever. Needs no_new_privs or CAP_SYS_ADMIN. Does not allocate:
/// for the child, just before it becomes the container's program.
pub fn install(program: &Program) -> io::Result<Option<OwnedFd>> {
    seccomp::install(&program.filter, program.flags)
}

/// The names of flags in a profile.
pub const FLAGS: &[&str] = &[
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
];

/// The flags of a profile. One thread is all there is when a filter is installed, so that TSYNC means nothing: the kernel
/// refuses it together with a listener.
pub fn flags(names: &[String], notifies: bool) -> Result<u32> {
    let listener = if notifies { NEW_LISTENER } else { 0 };
    names.iter().try_fold(listener, |flags, name| {
        Ok(flags
            | match name.as_str() {
                "SECCOMP_FILTER_FLAG_TSYNC" => 0,
                "SECCOMP_FILTER_FLAG_LOG" => 2,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => 4,
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" if !notifies => 0,
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => 32,
                _ => return Err(Error::Flag(name.clone())),
            })
    })
}
