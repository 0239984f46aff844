//! A compiled filter.

use std::io;
use std::os::fd::OwnedFd;

use knarr_sys::seccomp::{self, Insn, NEW_LISTENER};

use crate::compile::MOST;
use crate::{Error, Result};

/// Length of the longest [`Program::to_bytes`].
pub const LONGEST: usize = 4 + 8 * MOST;

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

    /// The flags and the instructions, for another process of this host to read.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 + 8 * self.filter.len());
        bytes.extend_from_slice(&self.flags.to_ne_bytes());
        for Insn { code, jt, jf, k } in &self.filter {
            bytes.extend_from_slice(&code.to_ne_bytes());
            bytes.extend_from_slice(&[*jt, *jf]);
            bytes.extend_from_slice(&k.to_ne_bytes());
        }
        bytes
    }

    /// Reads [`Program::to_bytes`]; what is cut off is not there.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (flags, rest) = bytes.split_at(bytes.len().min(4));
        let flags = flags.try_into().map_or(0, u32::from_ne_bytes);
        let (instructions, _) = rest.as_chunks::<8>();
        let filter = instructions.iter().map(|[a, b, jt, jf, k @ ..]| Insn {
            code: u16::from_ne_bytes([*a, *b]),
            jt: *jt,
            jf: *jf,
            k: u32::from_ne_bytes(*k),
        });
        Self { filter: filter.collect(), flags }
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
