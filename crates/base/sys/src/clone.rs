//! New processes: clone3(2).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

/// New mount namespace.
pub const NEWNS: u64 = libc::CLONE_NEWNS as u64;
/// New cgroup namespace.
pub const NEWCGROUP: u64 = libc::CLONE_NEWCGROUP as u64;
/// New UTS namespace.
pub const NEWUTS: u64 = libc::CLONE_NEWUTS as u64;
/// New IPC namespace.
pub const NEWIPC: u64 = libc::CLONE_NEWIPC as u64;
/// New user namespace.
pub const NEWUSER: u64 = libc::CLONE_NEWUSER as u64;
/// New PID namespace.
pub const NEWPID: u64 = libc::CLONE_NEWPID as u64;
/// New network namespace.
pub const NEWNET: u64 = libc::CLONE_NEWNET as u64;
/// New time namespace; only for unshare(2), whose children enter it.
pub const NEWTIME: u64 = libc::CLONE_NEWTIME as u64;

const CLONE_PIDFD: u64 = libc::CLONE_PIDFD as u64;
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// `struct clone_args` of clone3(2), all of its first three versions.
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// A child that was made.
#[derive(Debug)]
pub struct Child {
    /// Its id in the caller's PID namespace.
    pub pid: Pid,
    /// Its descriptor, close-on-exec.
    pub pidfd: OwnedFd,
}

impl Child {
    /// A process by its descriptor; its id is as this process's procfs shows it. `ESRCH` when it has been reaped.
    pub fn of(pidfd: OwnedFd) -> io::Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
        let pid = text.lines().find_map(|line| line.strip_prefix("Pid:")).and_then(|pid| pid.trim().parse().ok());
        match pid.filter(|pid| *pid > 0).and_then(Pid::from_raw) {
            Some(pid) => Ok(Self { pid, pidfd }),
            None => Err(io::Error::from_raw_os_error(libc::ESRCH)),
        }
    }

    /// Waits for its end and reaps it.
    pub fn reap(&self) {
        let _reaped = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
    }

    /// Ends it, if it has not ended yet, and reaps it.
    pub fn end(&self) {
        let _ended_already = pidfd_send_signal(&self.pidfd, Signal::KILL);
        self.reap();
    }
}

/// Runs `child` in a copy of this process with the new namespaces of `flags` ([`NEWNS`], …), inside `cgroup` (a folder
/// of a v2 hierarchy) if given; the copy ends with the returned exit code, and with 70 after a panic. `kept` is the
/// caller's alone: the copy drops it before anything else. A socket to the child goes here, or the child would never see
/// its end.
///
/// The caller must be single-threaded: a copy of a threaded process may find locks held for ever. It is checked, and
/// refused with `EBUSY`.
pub fn clone3<T>(
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    kept: T,
    child: impl FnOnce() -> i32,
) -> io::Result<(Child, T)> {
    if !single_threaded()? {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    let mut args = CloneArgs { flags, exit_signal: libc::SIGCHLD as u64, ..CloneArgs::default() };
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    copy(args, kept, child)
}

/// As [`clone3`], but the copy is a child of the caller's parent: for a process that [`clone3`] made and that has moved
/// to where its parent could not follow. Others are refused with `EPERM`.
pub fn sibling(flags: u64, child: impl FnOnce() -> i32) -> io::Result<Child> {
    if !IS_COPY.load(Ordering::Relaxed) {
        return Err(io::Error::from_raw_os_error(libc::EPERM));
    }
    let args = CloneArgs { flags: flags | libc::CLONE_PARENT as u64, ..CloneArgs::default() };
    copy(args, (), child).map(|(child, ())| child)
}

fn copy<T>(mut args: CloneArgs, kept: T, child: impl FnOnce() -> i32) -> io::Result<(Child, T)> {
    let mut pidfd: libc::c_int = -1;
    args.flags |= CLONE_PIDFD;
    args.pidfd = &raw mut pidfd as u64;
    // SAFETY: args is the kernel's structure with its true size; without CLONE_VM and a stack the child is a copy as
    // after fork(2), which is sound in a single-threaded process.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) };
    if pid == 0 {
        IS_COPY.store(true, Ordering::Relaxed);
        drop(kept);
        let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(70);
        // SAFETY: ends the copy without running the original's exit handlers.
        unsafe { libc::_exit(code) }
    }
    match made(pid as i32) {
        // SAFETY: the kernel has just made this descriptor for us.
        Some(pid) => Ok((Child { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }, kept)),
        None => Err(io::Error::last_os_error()),
    }
}

/// Runs `child` in a copy of this process by fork(2), which system call filters permit where they refuse clone3(2).
///
/// For processes that [`clone3`] made, which have one thread; others are refused with `EPERM`.
pub fn fork(child: impl FnOnce() -> i32) -> io::Result<Pid> {
    if !IS_COPY.load(Ordering::Relaxed) {
        return Err(io::Error::from_raw_os_error(libc::EPERM));
    }
    // SAFETY: this process is a copy with one thread, so that no lock can be held by another.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(70);
        // SAFETY: as in `clone3`.
        unsafe { libc::_exit(code) }
    }
    made(pid).ok_or_else(io::Error::last_os_error)
}

/// A child's id; none for the -1 of a failure.
fn made(pid: i32) -> Option<Pid> {
    if pid > 0 { Pid::from_raw(pid) } else { None }
}

/// Set in the processes that [`clone3`] makes.
static IS_COPY: AtomicBool = AtomicBool::new(false);

/// Whether this process has one thread: procfs counts the threads in the link count of `task`.
fn single_threaded() -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata("/proc/self/task")?.nlink() == 3)
}
