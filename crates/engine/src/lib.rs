//! The engine: what a daemon does, one file a verb, without a word of HTTP.
//!
//! [`Engine::open`] takes a [`Config`], locks the roots, opens the metadata database and the rooms, and brings the
//! kernel's state and the records into agreement. Doors call the verbs, which are methods of [`Engine`], each in a file
//! of its own under `containers/`, `images/`, `networks/`, `volumes/`, `build/` and `system/`.
//!
//! ```text
//!            door ──► Engine::verb ──► a container's actor (mailbox) ──► rooms, shim, kernel
//!              ▲                              │ publishes
//!              └── immutable snapshots ◄──────┘          └──► Events (bounded; a slow reader gets a gap mark)
//! ```
//!
//! Invariants: lists and inspect read only snapshots, never an actor or the disk; a record is durable before its effect is
//! announced; every transition keeps its cause; what an image says is data, never policy and never a host path.
#![forbid(unsafe_code)]

mod build;
mod compare;
mod config;
mod containers;
mod engine;
mod events;
mod files;
mod filters;
mod format;
mod images;
mod networks;
mod readiness;
mod roots;
mod scratch;
mod share;
mod shim;
mod streams;
mod system;
mod time;
mod transfer;
mod tree;
mod volumes;

pub use build::{BuildFailure, BuildOptions, BuildRequest, Remote, RunOptions};
pub use config::{Config, Live};
pub use containers::{
    AttachOptions, Attachment, Condition, Container, ExecStream, ListOptions, LogOptions, LogStream, MountRecord,
    MountSource, Record, State, Status,
};
pub use engine::Engine;
pub use events::{Delivery, Event, Events, Query as EventQuery, Subscription};
pub use files::{CommitRequest, CopyIn, CopyOut, Export};
pub use filters::Filters;
pub use images::{Archive, Compression, ImageQuery, ImportRequest, Kept, Loaded, Save, Verify};
pub use knarr_layers::Change;
pub use share::{Share, ShareRequest, Shared, Token};
pub use system::Totals;
pub use time::Timestamp;
pub use transfer::{Credentials, Peer, Pull, Push, Secret};
pub use tree::{Part, TreeQuery};
pub use volumes::VolumeExport;
