//! `knarr share`: other hosts take images and branches straight from this daemon's store. A read-only part of OCI distribution, for who
//! shows the token.
//!
//! ```text
//! GET, HEAD  /v2/                            200
//!            /v2/NAME/manifests/TAG          the image that has this name here (of Docker Hub, or of the registry in ?ns=)
//!            /v2/NAME/manifests/DIGEST       by digest the name does not matter: content is what its digest says
//!            /v2/NAME/blobs/DIGEST           with ranges, so that a puller goes on behind a cut
//! anything else                              401 without the token, then 405 or 404
//! ```
//!
//! Invariants:
//! - Nothing is answered before the token is right: as a bearer's, or as the password of any user, which every registry client can send.
//! - Nothing here writes: there is no route for it.
//! - Beyond loopback TLS is spoken, so that the token is never sent in plain text.
#![forbid(unsafe_code)]

mod answer;
mod guard;
mod route;
mod server;

pub use server::serve;
