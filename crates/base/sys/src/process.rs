//! Properties of the calling process that rustix does not offer.

use std::ffi::CStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::ptr;

use rustix::process::Signal;

/// Joins a new anonymous session keyring (keyctl(2), `KEYCTL_JOIN_SESSION_KEYRING`).
pub fn join_session_keyring(name: &CStr) -> io::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // SAFETY: name ends in a zero byte.
    check(unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.as_ptr()) })
}

/// Has a program killed when the thread that starts it ends (prctl(2), `PR_SET_PDEATHSIG`).
pub fn die_with_parent(command: &mut std::process::Command) {
    // SAFETY: between fork and execution the closure makes one system call, and touches no memory of the parent's.
    unsafe { command.pre_exec(|| Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)) };
}

/// Sets the execution domain (personality(2)).
pub fn personality(domain: u64) -> io::Result<()> {
    // SAFETY: a plain number.
    check(unsafe { libc::syscall(libc::SYS_personality, domain) })
}

/// `PER_LINUX`.
pub const PER_LINUX: u64 = 0;
/// `PER_LINUX32`: 32-bit words in uname(2).
pub const PER_LINUX32: u64 = 8;

/// Sets the I/O priority of the calling process (ioprio_set(2)): class 1 to 3, data 0 to 7.
pub fn set_io_priority(class: u32, data: u32) -> io::Result<()> {
    const IOPRIO_WHO_PROCESS: libc::c_int = 1;
    // SAFETY: plain numbers.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, (class << 13) | data) })
}

/// Sets the memory policy of the calling thread (set_mempolicy(2)): a mode with its flags, and nodes as words of bits.
pub fn set_memory_policy(mode: u32, nodes: &[u64]) -> io::Result<()> {
    let bits = nodes.len() * 64;
    // The kernel takes one bit less than it is told of.
    let bits = if bits == 0 { 0 } else { bits + 1 };
    // SAFETY: the kernel reads as many bits as the slice has; without any, the pointer is not looked at.
    check(unsafe { libc::syscall(libc::SYS_set_mempolicy, mode as libc::c_int, nodes.as_ptr(), bits) })
}

/// `struct sched_attr` of sched_setattr(2), first version.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchedAttr {
    /// Size of the structure; filled in by [`set_scheduler`].
    pub size: u32,
    /// `SCHED_*`.
    pub policy: u32,
    /// `SCHED_FLAG_*`.
    pub flags: u64,
    /// Nice value.
    pub nice: i32,
    /// Static priority.
    pub priority: u32,
    /// Nanoseconds.
    pub runtime: u64,
    /// Nanoseconds.
    pub deadline: u64,
    /// Nanoseconds.
    pub period: u64,
}

/// Sets the scheduling policy of the calling process (sched_setattr(2)).
pub fn set_scheduler(attr: &SchedAttr) -> io::Result<()> {
    let attr = SchedAttr { size: size_of::<SchedAttr>() as u32, ..*attr };
    // SAFETY: attr has the kernel's layout and says its true size.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) })
}

/// Becomes the foreground process group of the terminal on standard input, in a new group of its own.
pub fn take_foreground() -> io::Result<()> {
    // SAFETY: plain numbers.
    unsafe {
        check(libc::setpgid(0, 0).into())?;
        check(libc::tcsetpgrp(0, libc::getpgrp()).into())
    }
}

/// Replaces what others see as this process's command line by `title` and its environment by nothing.
pub fn set_title(title: &[u8]) -> io::Result<()> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields 48 to 51 of proc_pid_stat(5), counted behind the parenthesised name, which is field 2.
    let rest = stat.rfind(')').map_or("", |end| &stat[end + 1..]);
    let mut fields = rest.split_ascii_whitespace().skip(45).map(|text| text.parse::<usize>().unwrap_or(0));
    let mut next = || fields.next().unwrap_or(0);
    let (arg_start, arg_end, env_start, env_end) = (next(), next(), next(), next());
    if arg_start == 0 || arg_end <= arg_start || env_end < env_start {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let room = arg_end - arg_start;
    let length = title.len().min(room - 1);
    // With a last byte that is not zero the kernel shows the text up to its first zero byte, as for setproctitle(3).
    let end = u8::from(length + 1 < room);
    // SAFETY: the kernel says that these ranges are this process's own argument and environment strings, on the
    // writable initial stack; readers of argv and environ find other strings, which end in the zeroed
    // environment at the latest.
    unsafe {
        ptr::write_bytes(arg_start as *mut u8, 0, room);
        ptr::copy_nonoverlapping(title.as_ptr(), arg_start as *mut u8, length);
        ptr::write((arg_end - 1) as *mut u8, end);
        if env_start != 0 {
            ptr::write_bytes(env_start as *mut u8, 0, env_end - env_start);
        }
    }
    Ok(())
}

/// Ends the process at once: no destructors, no exit handlers.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; nothing runs afterwards that could find anything half done.
    unsafe { libc::_exit(code) }
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
