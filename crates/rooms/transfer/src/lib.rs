//! Registry transfer.
#![forbid(unsafe_code)]

mod sink;
mod source;

pub use sink::{Sink, on_blocking_thread};
pub use source::stream;
