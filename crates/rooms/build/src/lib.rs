//! Dockerfile to image.
//!
//! - [`syntax`]: text to [`syntax::Dockerfile`]; nothing is expanded, errors name file, line and column.
//! - [`plan`]: the stages that a target needs, and what each starts from ([`plan::Plan`]).
//! - [`solve`]: each step, in the environment it stands in, becomes a neutral operation ([`op::Op`]), gets a cache key, and is either taken
//!   from the cache or carried out.
//! - [`ports`]: what that needs of the world: base images, the cache, an executor, somebody who watches. The engine implements them.
//! - [`select`]: which files `COPY` and `ADD` mean, and their digest.
//!
//! ```text
//! bytes ──syntax──▶ Dockerfile ──plan──▶ Plan (stages, edges)
//!                                          │ solve, stage by stage
//!                base config + step ──lower──▶ Op ──key──▶ Cache ──hit──▶ next config
//!                                                            └──miss──▶ Executor ──▶ layer ──▶ next config
//! ```
//!
//! Invariants
//! - A Dockerfile, a context and a base image are untrusted: every parser is linear, bounded, and never panics.
//! - A cache key holds verified digests only: diff ids of the parent, content digests of copied files. Times never count.
//! - A step that is carried out knows why, and that is kept with its result.
//! - No path of a Dockerfile is opened here: only a [`tree::Tree`] opens files, and it never leaves its root.
#![forbid(unsafe_code)]

mod error;
pub mod expand;
mod mode;
pub mod op;
mod output;
pub mod plan;
pub mod ports;
pub mod select;
pub mod solve;
pub mod syntax;
#[cfg(test)]
mod testing;
pub mod tree;

pub use error::{BuildError, Place, Result};
pub use mode::Mode;
pub use output::Event;
