//! A new process with a new program and exactly the descriptors that it is meant to have: clone3(2) and execveat(2).
//!
//! Safe in a process of many threads: between the two the copy makes only plain system calls, with all signals blocked.
//! Needs no allocation, so that the shim can use it.

use core::ffi::{CStr, c_char, c_int};
use core::marker::PhantomData;
use core::ptr;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::Pid;

/// The most arguments that a program can be given.
pub const MOST_ARGS: usize = 64;
/// The most descriptors that a program can be given.
pub const MOST_FDS: usize = 8;
/// Descriptors are moved above this number first, so that no target overwrites a source.
const CLEAR_OF_TARGETS: c_int = 64;

/// A program's arguments, its name first.
pub struct Args<'a> {
    pointers: [*const c_char; MOST_ARGS + 1],
    length: usize,
    borrowed: PhantomData<&'a CStr>,
}

impl<'a> Args<'a> {
    /// None yet.
    pub fn new() -> Self {
        Self { pointers: [ptr::null(); MOST_ARGS + 1], length: 0, borrowed: PhantomData }
    }

    /// Adds one; `E2BIG` when there are [`MOST_ARGS`] already.
    pub fn push(&mut self, arg: &'a CStr) -> Result<(), Errno> {
        if self.length == MOST_ARGS {
            return Err(Errno::TOOBIG);
        }
        self.pointers[self.length] = arg.as_ptr();
        self.length += 1;
        Ok(())
    }
}

impl Default for Args<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// What to start.
pub struct Program<'a> {
    /// The opened executable.
    pub file: BorrowedFd<'a>,
    /// Its arguments.
    pub args: &'a Args<'a>,
    /// Each descriptor with the number (below 64) that it gets; all others are closed.
    pub fds: &'a [(BorrowedFd<'a>, c_int)],
    /// Whether it leads a session of its own.
    pub new_session: bool,
    /// Whether it is killed when the thread that starts it ends.
    pub dies_with_parent: bool,
}

/// A process that was started.
#[derive(Debug)]
pub struct Started {
    /// Its id.
    pub pid: Pid,
    /// Its descriptor, close-on-exec.
    pub pidfd: OwnedFd,
}

/// `struct clone_args` of clone3(2), first version.
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
}

/// Starts a program with an empty environment and default signals; returns when it runs, or why it could not be executed.
pub fn spawn(program: &Program<'_>) -> Result<Started, Errno> {
    if program.fds.len() > MOST_FDS {
        return Err(Errno::TOOBIG);
    }
    let (verdict, report) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let blocked = Blocked::all();
    let original = rustix::process::getpid();
    let started = fork(|| {
        if !program.dies_with_parent || bound_to(original) {
            become_program(program, report.as_fd());
        }
    });
    drop(blocked);
    drop(report);
    let started = started?;
    let mut errno = [0; 4];
    match rustix::io::retry_on_intr(|| rustix::io::read(&verdict, &mut errno))? {
        0 => Ok(started),
        _ => {
            let _reaped = rustix::process::waitid(
                rustix::process::WaitId::PidFd(started.pidfd.as_fd()),
                rustix::process::WaitIdOptions::EXITED,
            );
            Err(Errno::from_raw_os_error(i32::from_ne_bytes(errno)))
        }
    }
}

/// Runs `child` in a copy of this process, which ends with code 127 when it returns.
fn fork(child: impl FnOnce()) -> Result<Started, Errno> {
    let mut pidfd: c_int = -1;
    let args = CloneArgs {
        flags: libc::CLONE_PIDFD as u64,
        pidfd: &raw mut pidfd as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArgs::default()
    };
    // SAFETY: `args` has the kernel's layout and size; without CLONE_VM the child is a copy as after fork(2), and
    // `child` keeps to system calls.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) };
    if pid == 0 {
        child();
        // SAFETY: ends the copy without the exit handlers of the original.
        unsafe { libc::_exit(127) }
    }
    match (pid > 0).then(|| Pid::from_raw(pid as i32)).flatten() {
        // SAFETY: the kernel has just made this descriptor for us.
        Some(pid) => Ok(Started { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }),
        None => Err(last_errno()),
    }
}

/// In the copy: whether it will end with the original, which has not ended before it could be said.
fn bound_to(original: Pid) -> bool {
    let signal = rustix::process::Signal::KILL;
    rustix::process::set_parent_process_death_signal(Some(signal)).is_ok()
        && rustix::process::getppid() == Some(original)
}

/// In the copy: descriptors, session, signals, execution; if that fails, tells the original why.
fn become_program(program: &Program<'_>, report: BorrowedFd<'_>) {
    // Moved first: its present number may be a target's. Without it the original sees an end of file, and then the
    // exit code 127 of the copy.
    let Ok(report) = move_up(report) else { return };
    let errno = match arrange(program) {
        Ok(file) => {
            if program.new_session {
                let _leads_one_already = rustix::process::setsid();
            }
            default_signals();
            execute(file, program.args)
        }
        Err(errno) => errno,
    };
    let errno = errno.raw_os_error();
    // SAFETY: `report` is this copy's own descriptor; four bytes of a live value.
    unsafe { libc::write(report, (&raw const errno).cast(), size_of::<c_int>()) };
}

/// Puts the descriptors in place and marks all others close-on-exec; gives the executable's new number.
fn arrange(program: &Program<'_>) -> Result<c_int, Errno> {
    let file = move_up(program.file)?;
    let mut moved = [-1; MOST_FDS];
    for (slot, (fd, _)) in moved.iter_mut().zip(program.fds) {
        *slot = move_up(*fd)?;
    }
    // SAFETY: plain numbers; the flag closes nothing in this process.
    check(unsafe { libc::syscall(libc::SYS_close_range, 0, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) })?;
    for (from, (_, target)) in moved.iter().zip(program.fds) {
        // SAFETY: the target's former owner is the original process's, of which this copy never runs the drop.
        check(unsafe { libc::syscall(libc::SYS_dup3, *from, *target, 0) })?;
    }
    Ok(file)
}

fn move_up(fd: BorrowedFd<'_>) -> Result<c_int, Errno> {
    // SAFETY: plain numbers; the new descriptor is owned by the copy until execution closes it.
    let moved = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, CLEAR_OF_TARGETS) };
    if moved < 0 { Err(last_errno()) } else { Ok(moved) }
}

fn execute(file: c_int, args: &Args<'_>) -> Errno {
    let environment: [*const c_char; 1] = [ptr::null()];
    // SAFETY: both arrays end in null and point to strings that outlive the call; the empty path names `file`.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            file,
            c"".as_ptr(),
            args.pointers.as_ptr(),
            environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    last_errno()
}

/// Ignored signals stay ignored over an execution, and so does the mask: both are put back to the default.
fn default_signals() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler; numbers that the system keeps for itself are refused, which is harmless.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: the kernel's signal set is eight bytes here; none is blocked.
    let none = 0u64;
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const none,
            ptr::null_mut::<u64>(),
            size_of::<u64>(),
        )
    };
}

/// All signals blocked for the calling thread until dropped, so that no handler runs in the copy.
struct Blocked(u64);

impl Blocked {
    fn all() -> Self {
        let (all, mut before) = (u64::MAX, 0u64);
        // SAFETY: the kernel's signal set is eight bytes here.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigprocmask,
                libc::SIG_SETMASK,
                &raw const all,
                &raw mut before,
                size_of::<u64>(),
            )
        };
        Self(before)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigprocmask,
                libc::SIG_SETMASK,
                &raw const self.0,
                ptr::null_mut::<u64>(),
                size_of::<u64>(),
            )
        };
    }
}

fn check(result: libc::c_long) -> Result<(), Errno> {
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

fn last_errno() -> Errno {
    // SAFETY: the C library's errno of this thread is always readable.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}
