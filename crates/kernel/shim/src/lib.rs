//! The process that stays beside exactly one container or exec session: starts the runtime, is its subreaper, holds
//! the standard streams, writes the log, records the exit durably, and ends. Nothing else.
//!
//! ```text
//!            fd 3 the runtime's executable, 4 the daemon, 5 the network namespace
//!                                   │
//!   clients ◀──frames──▶ RUNDIR/sock│                 ┌──▶ log
//!                                 shim ◀──pipes or terminal──▶ the process
//!                                   │                 └──▶ exit file, before the process is reaped
//!                     RUNDIR/{sock,pid,runtime.log,tty.sock}
//! ```
//!
//! Invariants: one thread and no allocation (buffers are mapped once and exist where they are touched); the exit is on
//! the disk before anybody can see the process reaped; a client that hangs up stops nothing; nothing that a client sends
//! is kept beyond a buffer of fixed size.
#![cfg_attr(not(test), no_std)]

mod client;
mod complaint;
mod console;
mod exit;
mod json;
mod lines;
mod log;
mod options;
mod output;
mod place;
mod protocol;
mod ready;
mod runtime;
mod shim;
mod socket;
mod stdin;
mod text;
mod time;

use knarr_sys::program::{Arguments, ignore, inherited};
use options::Options;
use rustix::io::Errno;

/// Exit code of a shim that was called wrongly.
const USAGE: i32 = 2;

/// What others try with bytes of their own.
#[cfg(feature = "parts")]
pub mod parts {
    pub use crate::client::{Client, Heard};
    pub use crate::output::{BUFFER as OUTPUT_BUFFER, Output};
    pub use crate::protocol::*;
    pub use crate::stdin::{BUFFER as STDIN_BUFFER, Stdin};
}

/// Lives as long as the process does, and gives the exit code.
#[inline]
pub fn run(arguments: Arguments) -> i32 {
    match Options::parse(arguments) {
        Ok(options) => match live(options) {
            Ok(()) => 0,
            Err(errno) => errno.raw_os_error(),
        },
        Err(argument) => {
            let text = text::Text::<512>::of(&[b"knarr-shim: cannot use the argument ", argument.to_bytes(), b"\n"]);
            if let Some(stderr) = inherited(2) {
                let _nobody_listens = rustix::io::write(stderr, text.bytes());
            }
            USAGE
        }
    }
}

fn live(options: Options) -> Result<(), Errno> {
    let _leads_one_already = rustix::process::setsid();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::thread::set_name(c"knarr-shim")?;
    for signal in [rustix::process::Signal::PIPE, rustix::process::Signal::HUP] {
        ignore(signal.as_raw());
    }
    let mut clients: shim::Clients = [const { None }; ready::CLIENTS];
    shim::Shim::new(options, &mut clients)?.run()
}
