//! The image tree: which layers lie on which, which images have them, and how it is known what an image was made from.
//!
//! ```text
//! Node: a run of layers that the same images have      claims, records, layers ─► Edge: how an image's origin is known
//!
//! [debian's layers] ── [web's layers] ── [web:2's layers]      web ─ built ─► debian
//!     debian:12            web                web:2            web:2 ─ annotation ─► web
//! ```
//!
//! A [`Tree`] is plain data, computed from what is recorded ([`Images::leaves`](crate::Images::leaves)) and from nothing else. Where there
//! is no edge, the origin is unknown.

mod claim;
mod edges;
mod leaf;
mod runs;
mod tree;

pub use claim::{Claim, Evidence};
pub use edges::Edge;
pub use leaf::Leaf;
pub use runs::Node;
pub use tree::{Member, Tree};

pub(crate) use claim::annotated;
