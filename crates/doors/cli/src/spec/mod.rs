//! The small languages of flags: ports, mounts, sizes, times, filters and the like, each read by a pure function whose error
//! names the text and what is wrong with it.

mod block;
mod device;
mod duration;
mod env;
mod filter;
mod hosts;
mod mount;
mod network;
mod pairs;
mod port;
mod restart;
mod security;
mod size;
mod stream;
mod time;
mod ulimit;
mod volume;

pub(crate) use block::{throttle_bps, throttle_iops, weight};
pub(crate) use device::{Device, device};
pub(crate) use duration::duration;
pub(crate) use env::{environment, variable};
pub(crate) use filter::{Filters, filter};
pub(crate) use hosts::extra_host;
pub(crate) use mount::mount;
pub(crate) use network::{Network, network};
pub(crate) use pairs::{label, labels, pairs};
pub(crate) use port::{expose, publish};
pub(crate) use restart::restart_policy;
pub(crate) use security::security_options;
pub(crate) use size::{cpus, size, size_or_unlimited};
pub(crate) use stream::stream;
pub(crate) use time::moment;
pub(crate) use ulimit::ulimit;
pub(crate) use volume::{VolumeSpec, resolve, volume};
