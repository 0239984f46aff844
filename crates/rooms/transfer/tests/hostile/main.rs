//! Registries that misbehave: the client stays right, bounded and silent about its secrets.

mod credentials;
mod lines;
mod pulls;
mod server;
