//! Which files of a build context are left out: `.dockerignore`, with Docker's order of matching, its negation and `**`.
//!
//! Two parties need the same answer: the client, which packs the context, and the builder, which removes the Dockerfile and
//! the ignore file themselves where they are ignored, and selects the sources of `COPY` and `ADD`.
//!
//! - [`Glob`]: one pattern, compiled; matches in time proportional to pattern × text.
//! - [`Ignore`]: the patterns of one ignore file in their order; the last one that decides wins.
//!
//! Paths are relative to the context, with `/` between components and no leading `/` or `./`.
//!
//! ```
//! let ignore = knarr_ignore::Ignore::parse("*.md\n!README.md\n").unwrap();
//! assert!(ignore.excludes("NOTES.md"));
//! assert!(!ignore.excludes("README.md"));
//! ```
#![forbid(unsafe_code)]

mod clean;
mod error;
mod glob;
mod ignore;

pub use clean::clean;
pub use error::IgnoreError;
pub use glob::Glob;
pub use ignore::Ignore;
