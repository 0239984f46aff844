//! A build's context as a tar stream, made while it is sent; and the archives of `cp`.
//!
//! Entries are in the order of their names, so that the same folder gives the same stream. What `.dockerignore` excludes is not
//! read at all, but for the Dockerfile and the ignore file themselves, which the builder needs.

mod archive;
mod extract;
mod walk;

pub(crate) use archive::{Archive, Source, spawn};
pub(crate) use extract::extract;
pub(crate) use walk::pack_context;
