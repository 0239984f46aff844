//! Layers on disk, by chain id.

mod apply;
mod batch;
mod fill;
mod known;
mod layer;
mod layers;
mod lease;
mod skeleton;
mod snapshot;
mod usage;
mod verify;

pub use batch::Batch;
pub use known::Damaged;
pub use layer::Layer;
pub use layers::Layers;
pub use lease::Lease;
pub use verify::Health;

/// The folder beside the layers where damaged ones are moved.
const QUARANTINE: &str = "quarantine";
