//! Signals: the dispositions that a new program inherits, and waiting for signals in a process of one thread.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Gives every signal its default disposition and unblocks all: what a program expects to start with.
pub fn reset() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler; numbers that the system keeps for itself are refused, which is harmless.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the set is initialised by sigemptyset before use.
    unsafe {
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
    }
}

/// Ignores a signal.
pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN installs no handler.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// All signals blocked, to be taken one by one with [`Blocked::wait`].
#[derive(Debug)]
pub struct Blocked(());

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Its number.
    pub signal: i32,
    /// Whether a process sent it (not the kernel).
    pub by_process: bool,
}

impl Blocked {
    /// Blocks every signal that can be blocked.
    pub fn all() -> io::Result<Self> {
        // SAFETY: the set is initialised by sigfillset before use.
        let result = unsafe {
            let mut all = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigfillset(all.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut())
        };
        if result == 0 { Ok(Self(())) } else { Err(io::Error::last_os_error()) }
    }

    /// Waits for the next signal.
    pub fn wait(&self) -> io::Result<Received> {
        // SAFETY: both structures are plain data; the set is initialised by sigfillset, info by the kernel.
        let (signal, info) = unsafe {
            let mut all = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigfillset(all.as_mut_ptr());
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            (libc::sigwaitinfo(all.as_ptr(), info.as_mut_ptr()), info.assume_init())
        };
        if signal < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Received { signal, by_process: info.si_code <= 0 })
    }
}

/// Sends a signal to a child that this process has not reaped yet, so that its id cannot mean another process; real-time
/// signals too. For a process under a system call filter that may lack the calls for pidfds.
pub fn send_to_child(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: plain numbers.
    #[allow(clippy::disallowed_methods)]
    let result = unsafe { libc::kill(pid, signal) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends a signal through a pidfd, so that it never meets another process; real-time signals too.
pub fn send_to(pidfd: std::os::fd::BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: a null siginfo asks the kernel to fill it as kill(2) does.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, ptr::null::<libc::siginfo_t>(), 0)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
