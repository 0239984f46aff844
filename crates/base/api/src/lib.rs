//! Wire types of the Docker Engine API 1.40 to 1.50: what the daemon's door decodes and encodes, and what the command line sends and reads.
//!
//! ```text
//!  container   create, inspect, list, wait, top, changes, stats, update, prune
//!  exec        sessions in a container            image    inspect, list, history, progress lines
//!  network     create, inspect, endpoints         volume   create, inspect, prune
//!  system      version, info, auth, events, df    error    {"message": …}
//!  tree        the image tree                       compare  image diff, waste: both knarr's own
//!  verify      damage found in images                share    sharing with other hosts: both knarr's own
//!  handover    files instead of their bytes: knarr's own
//! ```
//!
//! Invariants:
//! - Names are Docker's to the letter; [`from_slice`] reads keys in any case, as Go does.
//! - Requests are tolerant: unknown keys are ignored, missing keys and `null` are the default.
//! - Responses are complete: what Docker prints as `null`, `[]`, `{}` or `""` is printed so, what Docker omits is omitted.
//! - Plain data: nothing here validates, resolves or touches the system.
#![forbid(unsafe_code)]

pub mod compare;
pub mod container;
pub mod error;
pub mod exec;
mod fold;
pub mod handover;
pub mod image;
pub mod network;
pub mod share;
pub mod system;
pub mod tree;
pub mod verify;
pub mod volume;
mod wire;

pub use fold::from_slice;
pub use knarr_model::oci::{Empty, Healthcheck};
pub use wire::{Nothing, Words};

/// The newest API version spoken.
pub const API_VERSION: &str = "1.50";

/// The oldest API version spoken.
pub const MIN_API_VERSION: &str = "1.40";
