//! Steps at which a test can kill this process, as `kill -9` would, or let the disk refuse: [`failpoint!`](crate::failpoint!).
//!
//! A point is named `program.step`. Which one kills is said by the environment variable [`VARIABLE`], or, in a program without an
//! environment, by `choose`. The value `NAME=ERRNO@FILE` lets a point that is an [`io::Result`](std::io::Result) fail with that number for as long as the file is
//! there. Release builds contain none of it.

#[cfg(not(feature = "std"))]
use core::ffi::{CStr, c_char};
#[cfg(not(feature = "std"))]
use core::sync::atomic::{AtomicPtr, Ordering};

/// The environment variable that names the point.
pub const VARIABLE: &str = "KNARR_FAILPOINT";

/// Kills this process with SIGKILL if a test has chosen the step `$name`. With `, io` it is an [`io::Result`](std::io::Result): the error that a test has chosen for it.
#[cfg(any(debug_assertions, feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::failpoint::reached($name)
    };
    ($name:literal, io) => {
        $crate::failpoint::passed($name)
    };
}

/// Nothing: this is a release build.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {};
    ($name:literal, io) => {
        ::std::io::Result::Ok(())
    };
}

/// What [`failpoint!`](crate::failpoint!) does.
#[allow(clippy::disallowed_methods, reason = "the own number is nobody else's")]
pub fn reached(name: &str) {
    if is_chosen(name) {
        let _the_next_line_is_never_run =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// What [`failpoint!`](crate::failpoint!) does at a step of the disk.
#[cfg(feature = "std")]
pub fn passed(name: &str) -> std::io::Result<()> {
    reached(name);
    let chosen = std::env::var(VARIABLE).unwrap_or_default();
    let refusal = chosen.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')?.split_once('@'));
    match refusal {
        Some((number, file)) if std::path::Path::new(file).exists() => {
            Err(std::io::Error::from_raw_os_error(number.parse().unwrap_or_default()))
        }
        _ => Ok(()),
    }
}

#[cfg(feature = "std")]
fn is_chosen(name: &str) -> bool {
    std::env::var_os(VARIABLE).is_some_and(|chosen| chosen == name)
}

#[cfg(not(feature = "std"))]
static CHOSEN: AtomicPtr<c_char> = AtomicPtr::new(core::ptr::null_mut());

/// Names the point of a program without an environment.
#[cfg(not(feature = "std"))]
pub fn choose(name: &'static CStr) {
    CHOSEN.store(name.as_ptr().cast_mut(), Ordering::Relaxed);
}

#[cfg(not(feature = "std"))]
fn is_chosen(name: &str) -> bool {
    let chosen = CHOSEN.load(Ordering::Relaxed);
    // SAFETY: only `choose` stores here, the address of a string that lives as long as the program.
    !chosen.is_null() && unsafe { CStr::from_ptr(chosen) }.to_bytes() == name.as_bytes()
}
