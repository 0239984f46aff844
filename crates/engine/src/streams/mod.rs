//! Byte streams between clients and processes.

mod detach;
mod frames;
mod pump;

pub(crate) use detach::DetachKeys;
pub(crate) use frames::{Source, framed};
pub(crate) use pump::{End, Pump};
