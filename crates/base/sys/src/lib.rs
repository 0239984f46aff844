//! The kernel's edge: the only crate with unsafe.
//!
//! One topic a module; what rustix offers safely is called directly and does not appear here. Without the feature
//! `std` only the modules that the shim (a `no_std` program) needs are built.
#![cfg_attr(not(feature = "std"), no_std)]
#![allow(unsafe_code)]

#[cfg(feature = "std")]
pub mod arena;
#[cfg(feature = "std")]
pub mod bpf;
pub mod children;
#[cfg(feature = "std")]
pub mod clone;
#[cfg(feature = "std")]
pub mod disk;
#[cfg(feature = "std")]
pub mod exec;
#[cfg(feature = "std")]
pub mod ext4;
pub mod failpoint;
#[cfg(feature = "std")]
pub mod loopback;
#[cfg(feature = "std")]
pub mod mount;
#[cfg(feature = "std")]
pub mod namespaces;
#[cfg(feature = "std")]
pub mod netns;
#[cfg(feature = "std")]
pub mod path;
#[cfg(feature = "std")]
pub mod process;
pub mod program;
#[cfg(feature = "std")]
pub mod seccomp;
#[cfg(feature = "std")]
pub mod signals;
pub mod spawn;
