//! The init process that the engine may ask for: this process stays the container's first one, the user's program
//! becomes its child. It forwards signals, reaps what is orphaned, and ends with the program's code.

use std::convert::Infallible;

use knarr_sys::clone::fork;
use knarr_sys::exec::close_from;
use knarr_sys::process::take_foreground;
use knarr_sys::signals::{self, Blocked};
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};
use rustix::termios::isatty;

use crate::link::{Failure, OrFail};

/// Signals that the kernel sends to a process for its own deeds, or that are about its children: not forwarded.
const OWN: [i32; 8] = [17, 4, 5, 6, 7, 8, 11, 31];
const SIGTTIN: i32 = 21;
const SIGTTOU: i32 = 22;
const SIGCHLD: i32 = 17;

/// Runs `program` in a child, stays until it has ended, and ends with its exit code.
pub fn stay(program: impl FnOnce() -> i32) -> Result<Infallible, Failure> {
    let signals = Blocked::all().or_fail("block the signals")?;
    let child = fork(|| {
        if isatty(rustix::stdio::stdin()) {
            // Ignored while the group changes; the program finds every signal at its default again.
            signals::ignore(SIGTTOU);
            let _without_a_terminal_of_its_own = take_foreground();
        }
        program()
    });
    let child = child.or_fail("start the program under init")?;
    // Nothing of the runtime may stay to be seen: it is not dumpable, its title was replaced on entering.
    close_from(3).or_fail("close descriptors")?;
    knarr_sys::process::exit_now(watch(&signals, child))
}

fn watch(signals: &Blocked, pid: Pid) -> i32 {
    loop {
        let Ok(received) = signals.wait() else { continue };
        match received.signal {
            SIGCHLD => {
                if let Some(code) = reap(pid) {
                    return code;
                }
            }
            SIGTTIN | SIGTTOU => {}
            signal if OWN.contains(&signal) && !received.by_process => {}
            signal => {
                // It may have ended in this moment; then its SIGCHLD is next.
                let _gone = signals::send_to_child(pid.as_raw_nonzero().get(), signal);
            }
        }
    }
}

/// Reaps everything that has ended; the exit code when the program is among it.
fn reap(program: Pid) -> Option<i32> {
    let mut code = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == program {
            code = Some(exit_code(status));
        }
    }
    code
}

/// 128 and the signal for what was killed, as shells say it.
pub fn exit_code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(255)
}
