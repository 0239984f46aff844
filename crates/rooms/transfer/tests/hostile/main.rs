//! Registries that misbehave: the client stays right, bounded and silent about its secrets.

mod certificates;
mod credentials;
mod delta;
mod lines;
mod mirrors;
mod misleading;
mod peers;
mod pulls;
mod server;
mod uploads;
