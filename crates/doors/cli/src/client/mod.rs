//! The daemon's API, as a client: one connection a request over its unix socket, or over TCP with mutual TLS.
//!
//! A [`Call`] is a request in the making; a [`Client`] sends it and returns a document ([`Client::json`]), bytes, a stream of
//! documents ([`Client::stream`], [`Lines`]) or a hijacked connection ([`Client::hijack`]). A daemon on this machine takes files
//! themselves ([`Client::hand_over`]).

mod call;
mod connect;
mod file;
mod host;
mod lines;
mod socket;

pub(crate) use call::{Call, body_of_file, body_of_reader};
pub(crate) use connect::{Client, Hijacked};
pub(crate) use host::{Host, HostFlags};
pub(crate) use lines::Lines;
