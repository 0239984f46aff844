//! Registries that misbehave: the client stays right, bounded and silent about its secrets.

mod credentials;
mod pulls;
mod server;
