//! Waiting for processes and for things to become true, never longer than [`LIMIT`].

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// After this long something hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A descriptor of a process.
pub fn open(pid: i32) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid).expect("a pid"), PidfdFlags::empty()).unwrap_or_else(|e| panic!("process {pid}: {e}"))
}

/// Waits until the process has ended.
pub fn ended(process: &OwnedFd) {
    assert!(ends_within(process, LIMIT), "a process has not ended");
}

/// Whether the process ends within `limit`.
pub fn ends_within(process: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit)).is_ok_and(|ready| ready > 0)
}

/// Asks again every few milliseconds until the answer is yes.
pub fn until(what: &str, mut question: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !question() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
