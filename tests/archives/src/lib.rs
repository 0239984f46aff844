//! Hostile archives, made by code: what an unpacker of other people's archives must refuse or make harmless.
//!
//! [`corpus`] is a table of some hundred [`Case`]s, by families: one file of [`cases`] each. They are written byte by byte
//! ([`tar`]), not by the writer that is tested. Whoever unpacks one compares what came out with its [`Outcome`], and looks at
//! the folder outside, which every case tries to change.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod listing;
pub mod tar;

pub use case::{Case, Outcome, corpus};
pub use listing::listing;
