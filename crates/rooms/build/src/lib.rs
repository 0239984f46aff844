//! build
#![forbid(unsafe_code)]

pub mod expand;
pub mod syntax;
