//! Layers on disk, by chain id.

mod apply;
mod layer;
mod layers;
mod lease;
mod skeleton;
mod snapshot;

pub use layer::Layer;
pub use layers::Layers;
pub use lease::Lease;
