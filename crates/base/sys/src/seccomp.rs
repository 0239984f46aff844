//! Installing a system call filter: seccomp(2).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// One instruction of a classic BPF program, as the kernel lays it out (`struct sock_filter`).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insn {
    /// Operation code.
    pub code: u16,
    /// Instructions to skip when a test holds.
    pub jt: u8,
    /// Instructions to skip when it does not.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

/// The filter wants a descriptor for its notifications.
pub const NEW_LISTENER: u32 = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32;

/// `struct sock_fprog`.
#[repr(C)]
struct Program {
    length: u16,
    instructions: *const Insn,
}

/// Filters the calling thread's system calls from now on, for ever, and those of all its children. Needs
/// no_new_privs or CAP_SYS_ADMIN. Gives the descriptor for notifications if `flags` has [`NEW_LISTENER`]. Does not
/// allocate.
pub fn install(filter: &[Insn], flags: u32) -> io::Result<Option<OwnedFd>> {
    let length = u16::try_from(filter.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let program = Program { length, instructions: filter.as_ptr() };
    // SAFETY: the program points to `length` live instructions of the kernel's layout; the kernel copies them.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: with this flag the result is a new descriptor that the kernel has just made for us.
    Ok((flags & NEW_LISTENER != 0).then(|| unsafe { OwnedFd::from_raw_fd(result as i32) }))
}
