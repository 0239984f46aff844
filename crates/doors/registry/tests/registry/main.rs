//! The registry as clients see it: by the specification, by real clients, over a kill.

mod auth;
mod full;
mod http;
mod kill;
mod podman;
mod protocol;
mod server;
mod skopeo;
mod transfer;
