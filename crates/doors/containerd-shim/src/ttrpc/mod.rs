//! ttrpc, containerd's small sibling of gRPC, as far as shims use it: unary calls over a unix socket.
//!
//! ```text
//! length u32 │ stream u32 │ type u8 │ flags u8 │ length bytes        (big-endian; at most 4 MiB)
//! type 1: Request { service, method, payload }      type 2: Response { status, payload }
//! ```

mod client;
pub mod frame;
mod server;
mod status;

pub use client::Client;
pub use server::{Reply, Service, serve};
#[cfg(feature = "parts")]
pub use server::{Sink, serve_over};
pub use status::{Code, Status};
