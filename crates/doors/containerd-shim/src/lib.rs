//! `containerd-shim-knarr-v2`: an unmodified containerd runs its containers with knarr's runtime.
//!
//! containerd calls the program with an action ([`main`]): `start` makes the shim of a pod or finds it and prints the address of its socket,
//! `delete` cleans up behind one that died. The shim itself serves containerd's task service over ttrpc, one process
//! for all containers of a pod.
//!
//! ```text
//! /run/containerd/s/<sha256 of containerd's address, namespace, pod>    the socket, 0600
//! <bundle>/                  containerd's: config.json, rootfs/, log (a fifo that it reads)
//!   address, shim.pid        where and who the shim is
//!   knarr/ 0700              ours
//!     runtime/<id>/          the runtime's record
//!     init/, execs/<id>/     of each process: pid, log.json, process.json
//! ```
//!
//! Invariants: one loop moves all bytes and sees all ends; a process is addressed by pidfd; an exit is told after the
//! output has been handed on, and before the process is buried; events leave in the order in which things happened;
//! queues, messages and calls are bounded.
#![forbid(unsafe_code)]

mod actions;
mod arguments;
mod children;
mod container;
mod ending;
mod error;
mod group;
mod log;
mod messages;
mod metrics;
mod oom;
mod place;
mod poll;
mod process;
mod publish;
mod rootfs;
mod runtime;
mod service;
mod shim;
mod socket;
mod stdio;
mod ttrpc;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use error::{Error, Result};

/// What others try with bytes of their own.
#[cfg(feature = "parts")]
pub mod parts {
    pub use crate::messages::{options, task, ttrpc};
    pub use crate::place::check_id;
    pub use crate::ttrpc::{Code, Reply, Service, Sink, Status, frame, serve_over};
}

/// The name that containerd looks for: the runtime `io.containerd.knarr.v2`.
pub const NAME: &str = "containerd-shim-knarr-v2";

/// Runs a command line of containerd's, the words behind [`NAME`].
pub fn main(args: &[OsString]) -> ExitCode {
    match arguments::read(args).and_then(actions::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::warn(&error.full());
            eprintln!("{NAME}: {}", error.full());
            ExitCode::FAILURE
        }
    }
}

/// What a mutex protects; a thread that panicked has left it whole, for every change here is one assignment.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
