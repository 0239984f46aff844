//! Containers: one file a verb; [`actor`] holds the state machine, [`create`] and [`spec`] the pure plans, [`launch`] what a start
//! sets up and an end takes down.

mod actor;
mod attach;
mod container;
mod create;
mod exec;
mod health;
mod index;
mod inspect;
mod kill;
mod launch;
mod list;
mod logs;
mod pause;
mod ports;
mod prune;
mod record;
mod remove;
mod rename;
mod resize;
mod restart;
pub(crate) mod restore;
mod signal;
mod spec;
mod start;
mod stats;
mod stop;
mod top;
mod update;
mod user;
mod wait;

pub(crate) use actor::{Command, Wanted};
pub(crate) use index::Containers;
pub(crate) use launch::owner;
pub(crate) use logs::LogWatch;
pub(crate) use prune::prune_time;

pub use attach::{AttachOptions, Attachment};
pub use container::Container;
pub use exec::ExecStream;
pub use list::ListOptions;
pub use logs::{LogOptions, LogStream};
pub use record::{MountRecord, MountSource, Record, State, Status};
pub use wait::Condition;
