//! The daemon's side of the shim (docs/decisions/0001): start one, talk to one, read what one has left behind.
//!
//! - [`shim_memfd`] and [`runtime_fd`] are made once, when the daemon starts.
//! - [`spawn`] starts a shim with a [`Launch`] and gives its first connection; [`connect()`] makes further ones, also after
//!   the daemon has been started again.
//! - [`Request`]s go in, [`Event`]s come out: [`Request::encode`], [`Decoder`], and [`read_event`] for a blocking stream.
//! - [`read_exit`] reads the durable record of an end.
//!
//! ```text
//! RUNDIR/            0700
//!   sock             0600, answers while the shim lives
//!   pid              of the process, by the runtime
//!   runtime.log      why a start failed, JSON lines
//!   tty.sock         until the terminal has come
//! ```
//!
//! Invariants: a shim gets the descriptors 0 to 5 and no other; it lives on when the daemon dies; a peer's frame is never
//! believed beyond its limits.
#![forbid(unsafe_code)]

mod connect;
mod error;
mod event;
mod exit;
mod launch;
mod program;
#[path = "../../shim/src/protocol.rs"]
mod protocol;
mod request;

pub use connect::connect;
pub use error::{Error, Result};
pub use event::{Decoder, Event, read_event};
pub use exit::{Exit, ExitRecord, read_exit};
pub use launch::{Input, Launch, Launched, LogFile, LogForm, spawn};
pub use program::{runtime_fd, shim_memfd};
pub use protocol::{MOST as MOST_PAYLOAD, want};
pub use request::Request;
