//! Engines that know nothing of us, with our runtime in the place of theirs: Debian's podman, dockerd and containerd.
//! Each has a world of its own ([`world::World`]); containers have no network, so that nothing meets the machine's rules.

mod containerd;
mod docker;
mod podman;
mod world;
