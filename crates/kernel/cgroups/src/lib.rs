//! Control groups: version 1, version 2 and hybrid hosts behind one type.
//!
//! [`Cgroup::create`], or [`Cgroup::begin`] in two steps, makes the container's folder in every hierarchy and writes its
//! limits, [`Cgroup::join`] gives
//! what a child needs to put itself inside, and the rest ([`Cgroup::freeze`], [`Cgroup::kill_all`],
//! [`Cgroup::stats`], [`Cgroup::update`], [`Cgroup::delete`]) works on it while it lives.
//!
//! ```text
//! /sys/fs/cgroup/memory/knarr/<id>/      v1: one folder in each controller's hierarchy
//! /sys/fs/cgroup/pids/knarr/<id>/        …
//! /sys/fs/cgroup/unified/knarr/<id>/     hybrid: the v2 tree without controllers, for cgroup.kill and cgroup.freeze
//! /sys/fs/cgroup/knarr/<id>/             v2: the one folder
//! ```
//!
//! What is written is planned first by [`plan()`], which is pure: resources and the versions at hand → [`Write`]s.
//!
//! Invariants: limits are in force before the first process joins; a path never leaves its hierarchy; a limit that the
//! host cannot hold is an error that names it, never dropped; a creation that fails leaves no folder.
#![forbid(unsafe_code)]

mod begun;
mod cgroup;
mod control;
mod create;
mod delete;
pub mod devices;
mod error;
mod files;
mod join;
mod layout;
mod limits;
mod oom;
mod path;
pub mod plan;
mod stats;

pub use begun::Begun;
pub use cgroup::Cgroup;
pub use error::{Error, Result};
pub use join::Join;
pub use layout::{Hierarchy, Layout, Version};
pub use oom::OomWatch;
pub use path::CgroupPath;
pub use plan::{Write, plan};
pub use stats::{BlkioEntry, CpuStats, MemoryStats, PidsStats, Stats};
