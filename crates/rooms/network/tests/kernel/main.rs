//! The network room against the real kernel. Every test has a machine of its own: a network namespace that plays the
//! host, with neighbours on a wire. Needs root.

mod guard;
mod lifecycle;
mod machine;
mod networks;
mod publish;
