//! How answers are printed: tables, sizes and times as Docker prints them, `--format`, and control bytes made visible.

mod columns;
mod human;
mod indent;
mod listing;
mod sink;
mod visible;

pub(crate) use columns::columns;
pub(crate) use human::{binary_size, clock, iso, long_size, nanoseconds, short_size, since};
pub(crate) use indent::indent;
pub(crate) use listing::{Listing, Row};
pub(crate) use sink::Sink;
pub(crate) use visible::{complain, document, line, painted, text, visible};
