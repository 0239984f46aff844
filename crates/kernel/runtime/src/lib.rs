//! The OCI runtime: a bundle becomes a process in namespaces, and the verbs around it. runc's command line is
//! understood by [`main`]; the engine calls [`state`], [`kill`], [`pause`], [`resume`], [`update`] and [`delete`] in its
//! own process. Synchronous, without threads but one that carries the terminal of a foreground process.
//!
//! ```text
//! config.json ──plan──▶ Plan (plain data, prints itself) ──┬─ parent: cgroup, overlay, clone3, state.json, pid file
//!                                                          └─ child:  namespaces, mounts, devices, masks, pivot_root,
//!                                                                     console, identity, seccomp, execve
//! parent ──▶ cgroups · filter, made while the child makes its namespaces and mounts ──▶ child
//! parent ◀── one socket: created · error (step, errno, text) · end of file when the program has started ── child
//!
//! <root>/<id>/ 0700
//!   config.json    the document that the container was made from
//!   state.json     pid and start time, cgroup, bundle (format: `Record`)
//!   exec.fifo      only between create and start; the child reads one byte from it
//! ```
//!
//! Invariants: what cannot be planned touches nothing; a failure leaves no process, cgroup, mount or folder; a process is
//! addressed by pidfd after its start time was compared; every mount target is a descriptor found inside the root; every
//! descriptor but stdio and `--preserve-fds` is close-on-exec; a joining process is not dumpable.
#![forbid(unsafe_code)]

mod arguments;
mod capabilities;
mod child;
mod error;
mod foreign;
mod hooks;
mod intel_rdt;
mod link;
mod listener;
mod log;
mod namespaces;
mod net_devices;
mod packets;
mod plan;
mod protect;
mod record;
mod scope;
mod sources;
mod supplies;
mod time;
mod verbs;

use std::ffi::OsString;

pub use capabilities::NAMES as CAPABILITIES;
pub use error::{Error, Result};
pub use plan::Plan;
pub use record::Record;
pub use verbs::delete::delete;
pub use verbs::kill::kill;
pub use verbs::pause::{pause, resume};
pub use verbs::state::state;
pub use verbs::update::update;

/// Runs a runtime command line, the words behind `knarr runtime`, and gives the exit code: the program's own for a
/// foreground `run` or `exec`, 0 or 1 for the others, 255 for an `exec` that could not start.
pub fn main(args: &[OsString]) -> i32 {
    verbs::dispatch(args)
}

/// A document for `bundle`'s empty `config.json`: a shell in all namespaces with the common restrictions.
pub fn example_spec() -> knarr_spec::Spec {
    verbs::spec::example()
}
