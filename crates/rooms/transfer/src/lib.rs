//! The transfer room: images to and from registries (OCI distribution 1.1).
//!
//! [`Client`] does the work: [`Client::resolve`], [`Client::open`] and [`Client::fetch`] (a pull in two steps), [`Client::push`],
//! [`Client::tags`], [`Client::inspect`], [`Client::login`]. [`Hosts`] says how registries are reached, [`Credentials`] who asks.
//! [`Sink`] and [`stream`] join the asynchronous network with the synchronous content store; the registry door uses them too.
//!
//! ```text
//! pull:  reference ─ manifests/<tag> ─ index? ─ manifests/<digest> ─ config ─ layers, 3 at a time ─▶ Ingest ─ commit ─▶ on_layer
//! push:  manifest ─ each blob: HEAD? mount? PATCH, PUT ─ manifests/<tag>
//!
//! remote   who asks, redirects, where credentials may go   (challenge, token)
//! delta    layers of which most is here already
//! sources  mirrors, then the registry
//! wire     connections, TLS, deadlines                     (hosts, reach, trust)
//! ```
//!
//! Invariants:
//! - A document is hashed before it is parsed, a blob while it streams; what does not have its digest and size is not kept.
//! - Credentials go to the registry and to the token service it names: over TLS, or on this machine. A redirect to
//!   another origin gets none, and a public registry cannot point to private addresses.
//! - What a registry can make us hold or wait for is bounded: documents, heads, errors, silence, tries, redirects.
//! - A cut line costs what was on its way: the next try goes on behind what arrived. One download a digest at a time.
//! - A foreign layer's `urls` are not followed.
//! - Mirrors are asked anonymously and believed by digest; a tag's digest is believed of those that are configured to resolve.
#![forbid(unsafe_code)]

mod answer;
mod arriving;
mod challenge;
mod client;
mod credentials;
mod delta;
mod documents;
mod error;
mod fetch;
mod hosts;
mod inspect;
mod meter;
mod pace;
mod provenance;
mod pull;
mod push;
mod reach;
mod remote;
mod retry;
mod secret;
mod session;
mod sink;
mod source;
mod sources;
mod tags;
mod token;
mod trust;
mod upload;
mod wire;

/// What others try with bytes of their own.
#[cfg(feature = "parts")]
pub mod parts {
    pub use crate::delta::frames::frames;
    pub use crate::delta::index::{Chunk, encode, parse};
}

pub use client::Client;
pub use credentials::Credentials;
pub use delta::Similar;
pub use documents::Resolved;
pub use error::Error;
pub use hosts::{Hosts, registry_of};
pub use inspect::Found;
pub use provenance::Material;
pub use pull::{Fetched, Image, OnLayer, Peer, PullRequest};
pub use push::{PushRequest, Pushed};
pub use retry::Patience;
pub use secret::Secret;
pub use sink::{Sink, on_blocking_thread};
pub use source::stream;
