//! What a `no_std` program over the C library's start code needs: its entry, its arguments, memory, and signals as a
//! descriptor.

use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use rustix::fd::{FromRawFd, OwnedFd};
use rustix::io::Errno;

// Without std nobody else asks for the C library.
#[cfg(not(feature = "std"))]
#[link(name = "c")]
unsafe extern "C" {}

/// The arguments of this process, its name first.
#[derive(Debug, Clone, Copy)]
pub struct Arguments {
    pointers: *const *const c_char,
    length: usize,
}

impl Arguments {
    /// The argument `index`, none behind the last.
    pub fn get(&self, index: usize) -> Option<&'static CStr> {
        if index >= self.length {
            return None;
        }
        // SAFETY: made by `from_main` only, from the start code's array of that length, whose strings live as long as
        // the process.
        Some(unsafe { CStr::from_ptr(*self.pointers.add(index)) })
    }

    /// From what the C library's start code passes to `main`; for [`crate::program!`] only.
    ///
    /// # Safety
    /// `pointers` must be `main`'s own array of `count` strings.
    pub unsafe fn from_main(count: c_int, pointers: *const *const c_char) -> Self {
        Self { pointers, length: count.max(0) as usize }
    }
}

/// Makes `$run`, a `fn(Arguments) -> i32`, the program's entry.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        /// Called by the C library's start code, under its own name.
        ///
        /// # Safety
        /// Only the start code may call it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(
            count: core::ffi::c_int,
            arguments: *const *const core::ffi::c_char,
        ) -> core::ffi::c_int {
            // SAFETY: these are the start code's own argument count and array.
            $run(unsafe { $crate::program::Arguments::from_main(count, arguments) })
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            $crate::program::abort()
        }
    };
}

/// Ends the process at once with SIGABRT.
pub fn abort() -> ! {
    // SAFETY: never returns, needs nothing.
    unsafe { libc::abort() }
}

/// Zeroed memory that lives as long as the process and takes room only where it is touched.
pub fn pages(length: usize) -> Result<&'static mut [u8], Errno> {
    // SAFETY: a fresh anonymous mapping, referenced by nobody else and never unmapped; zero bytes are valid bytes.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let start = libc::mmap(ptr::null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        if start == libc::MAP_FAILED {
            return Err(last_errno());
        }
        Ok(core::slice::from_raw_parts_mut(start.cast(), length))
    }
}

/// Blocks SIGCHLD and gives the descriptor that becomes readable when a child has ended.
pub fn child_events() -> Result<OwnedFd, Errno> {
    let set = 1u64 << (libc::SIGCHLD - 1);
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: the kernel's signal set is eight bytes here; the result is checked.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_BLOCK,
            &raw const set,
            ptr::null_mut::<u64>(),
            size_of::<u64>(),
        );
        libc::syscall(libc::SYS_signalfd4, -1, &raw const set, size_of::<u64>(), flags)
    };
    if fd < 0 {
        return Err(last_errno());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as c_int) })
}

/// Ignores a signal.
pub fn ignore(signal: c_int) {
    // SAFETY: SIG_IGN installs no handler.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Takes a descriptor that the parent has left at this number (below 64), once; none when nothing is there. It becomes
/// close-on-exec. To be called before the program opens anything of its own.
pub fn inherited(number: c_int) -> Option<OwnedFd> {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let bit = 1u64.checked_shl(number as u32)?;
    if TAKEN.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
        return None;
    }
    // SAFETY: the descriptor is seen to be open, was put there by the parent for this process, and is taken once.
    unsafe {
        if libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) < 0 {
            return None;
        }
        Some(OwnedFd::from_raw_fd(number))
    }
}

/// Seconds since 1970 and nanoseconds.
pub fn now() -> (i64, u32) {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    (time.tv_sec, time.tv_nsec as u32)
}

/// Milliseconds of a clock that never jumps.
pub fn monotonic() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

fn last_errno() -> Errno {
    // SAFETY: the C library's errno of this thread is always readable.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}
