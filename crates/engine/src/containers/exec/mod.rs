//! Exec sessions: further processes in a running container, each with a shim of its own.

mod create;
mod inspect;
mod resize;
mod session;
mod start;

pub use session::{ExecStream, Session};
