//! The door that speaks the Docker Engine API, 1.24 to 1.50: decode, call the engine, encode.
//!
//! ```text
//! unix socket ─► Front (first head of a hijack without Upgrade rewritten) ─► hyper http1 ─► version prefix checked and
//! stripped ─► Router (one file a group of routes) ─► Engine;  Fault ─► status + {"message"} in error.rs
//! ```
//!
//! Main types: [`serve`] (the accept loop), [`Listener`] (a unix socket, or TCP with mutual TLS), [`error::ApiError`], [`body::Json`], [`hijack::Hijack`].
//!
//! Invariants: no decision about containers is taken here; everything a client can grow is bounded (connections, head,
//! JSON body, time to send a head); a client that goes away takes only its own tasks with it.
#![forbid(unsafe_code)]

mod body;
mod error;
mod front;
mod gone;
mod handover;
mod hijack;
mod long_body;
mod progress;
mod query;
mod routes;
mod server;
mod stream;
mod tls;
mod version;

pub use server::{Listener, serve};
pub use tls::TlsListener;
pub use version::{MAX_API, MIN_API};
