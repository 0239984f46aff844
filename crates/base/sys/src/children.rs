//! Children that have ended: seen first, buried later (waitid(2)), and signals to those that live.

use core::mem::MaybeUninit;

use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;
use rustix::process::Pid;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub pid: Pid,
    /// Its exit code, if it exited.
    pub code: Option<i32>,
    /// The signal that killed it, if one did.
    pub signal: Option<i32>,
}

/// A child that has ended (`which`, or any) and is left unburied: its id stays its own. None when there is none now.
pub fn ended(which: Option<Pid>) -> Option<Ended> {
    let status = wait(which, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT)?;
    // SAFETY: filled in by waitid for a child's end, whose structure has these fields; an untouched one is zero.
    let (pid, value) = unsafe { (status.si_pid(), status.si_status()) };
    let exited = status.si_code == libc::CLD_EXITED;
    Some(Ended { pid: Pid::from_raw(pid)?, code: exited.then_some(value), signal: (!exited).then_some(value) })
}

/// Buries a child that has ended.
pub fn bury(pid: Pid) {
    wait(Some(pid), libc::WEXITED | libc::WNOHANG);
}

fn wait(which: Option<Pid>, options: i32) -> Option<libc::siginfo_t> {
    let (kind, id) = which.map_or((libc::P_ALL, 0), |pid| (libc::P_PID, pid.as_raw_nonzero().get() as libc::id_t));
    let mut status = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: writes at most one siginfo; a zeroed one is a valid value.
    unsafe {
        let result = libc::waitid(kind, id, status.as_mut_ptr(), options);
        (result == 0).then(|| status.assume_init())
    }
}

/// Sends a signal, real-time ones too, to the process of a pidfd, or to the group that it leads.
pub fn signal(process: BorrowedFd<'_>, number: i32, whole_group: bool) -> Result<(), Errno> {
    const TO_GROUP: u32 = 1 << 2;
    let flags = if whole_group { TO_GROUP } else { 0 };
    let none = core::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo asks the kernel to fill it in as kill(2) does.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), number, none, flags) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

fn last_errno() -> Errno {
    // SAFETY: the C library's errno of this thread is always readable.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}
