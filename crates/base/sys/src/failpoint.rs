//! Steps at which a test can kill this process, as `kill -9` would: [`failpoint!`](crate::failpoint!).
//!
//! A point is named `program.step`. Which one kills is said by the environment variable [`VARIABLE`], or, in a program without an
//! environment, by `choose`. Release builds contain none of it.

#[cfg(not(feature = "std"))]
use core::ffi::{CStr, c_char};
#[cfg(not(feature = "std"))]
use core::sync::atomic::{AtomicPtr, Ordering};

/// The environment variable that names the point.
pub const VARIABLE: &str = "KNARR_FAILPOINT";

/// Kills this process with SIGKILL if a test has chosen the step `$name`.
#[cfg(any(debug_assertions, feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::failpoint::reached($name)
    };
}

/// Nothing: this is a release build.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {};
}

/// What [`failpoint!`](crate::failpoint!) does.
#[allow(clippy::disallowed_methods, reason = "the own number is nobody else's")]
pub fn reached(name: &str) {
    if is_chosen(name) {
        let _the_next_line_is_never_run =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
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
