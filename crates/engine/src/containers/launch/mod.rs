//! What a start sets up and an end takes down. Synchronous: runs on blocking threads.
//!
//! ```text
//! prepare: sandbox + addresses + names ─► mounts ─► identity ─► files ─► spec ─► bundles/<id>/ ─► shim
//! release: addresses back, was it an OOM kill         clean: cgroup, runtime state, bundle, shim's folder
//! ```
//!
//! Invariant: [`clean()`] is idempotent and needs nothing but the id, so that it serves a failed start, an end, a removal and a
//! daemon that comes back alike.

mod bundle;
mod clean;
mod exit_file;
mod facts;
mod failure;
mod files;
mod identity;
mod join;
mod mounts;
mod names;
mod network;
mod orphans;
mod shim;
mod stuck;
mod volumes;

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use knarr_api::container::PortBinding;
use knarr_api::network::EndpointSettings;
use knarr_model::Result;
use knarr_sys::failpoint;

use super::{Record, spec};
use crate::{Config, Engine};

pub(crate) use clean::{clean, release, remove_tree};
pub(crate) use exit_file::{recorded_exit, session_exit};
pub(crate) use facts::{exec as exec_facts, limits as limit_facts};
pub(crate) use failure::{exit_code, last_error, why};
pub(crate) use identity::{of_running as identity_of_running, owner};
pub(crate) use join::join;
pub(crate) use mounts::check_bind_source;
pub(crate) use names::of_running as names_of_running;
pub(crate) use orphans::end_orphans;
pub(crate) use shim::{Session, session};
pub(crate) use stuck::end_shims;

/// A container whose shim waits for "go".
pub(crate) struct Launched {
    /// To the shim, as its first client.
    pub(crate) stream: UnixStream,
    /// Its endpoints by network name.
    pub(crate) endpoints: BTreeMap<String, EndpointSettings>,
    /// Its published ports.
    pub(crate) ports: BTreeMap<String, Option<Vec<PortBinding>>>,
    /// The server of names in its network, if any.
    pub(crate) names: Option<knarr_dns::Resolver>,
    /// Sources of mounts; closed once the program runs.
    pub(crate) _kept: Vec<OwnedFd>,
}

/// Its cgroup, below each hierarchy.
pub(crate) fn cgroup_path(config: &Config, record: &Record) -> String {
    let parent = &record.host.cgroup_parent;
    let parent = if parent.is_empty() { &config.cgroup_parent } else { parent };
    match parent.trim_matches('/') {
        "" => format!("/{}", record.id),
        parent => format!("/{parent}/{}", record.id),
    }
}

/// Sets everything up; on failure the caller calls [`clean()`] and [`release`].
pub(crate) fn prepare(engine: &Arc<Engine>, record: &Record) -> Result<Launched> {
    clean(engine, record);
    exit_file::forget(engine, record)?;
    let network = network::connect(engine, record)?;
    failpoint!("start.network-connected");
    let names = network.namespace.as_ref().map(|namespace| names::serve(engine, &record.id, namespace)).transpose()?;
    let names = names.flatten();
    let snapshot = engine.snapshot(record)?;
    let (mounts, kept) = mounts::resolve(engine, record, &snapshot)?;
    let identity = identity::of_snapshot(record, &snapshot)?;
    let files = files::write(engine, record, &network, names.is_some())?;
    let mut facts = facts::gather(engine, record)?;
    (facts.identity, facts.files, facts.mounts) = (identity, files, mounts);
    facts.network = network.namespace_path();
    let spec = spec::build(record, &facts)?;
    bundle::write(engine, record, &spec, &snapshot)?;
    failpoint!("start.bundle-written");
    let stream = shim::spawn(engine, record, network.namespace.as_ref().map(|fd| fd.as_fd()))?;
    Ok(Launched { stream, endpoints: network.endpoints, ports: network.ports, names, _kept: kept })
}
