//! One more network for a container that runs.

use std::fs::File;
use std::os::fd::OwnedFd;

use knarr_api::network::EndpointSettings;
use knarr_model::{Fault, Result};
use knarr_network::Sandbox;

use super::network::{attach, endpoint};
use crate::Engine;
use crate::containers::Record;

/// Connects the namespace of the container's first process to `network`.
pub(crate) fn join(
    engine: &Engine,
    record: &Record,
    network: &str,
    wishes: &EndpointSettings,
) -> Result<EndpointSettings> {
    let mut sandbox = Sandbox::of(namespace(record.state.pid)?)?;
    let attached = engine.networks()?.connect(&mut sandbox, &attach(record, network, wishes, Vec::new())?)?;
    Ok(endpoint(&attached, wishes))
}

/// The network namespace of a process.
pub(super) fn namespace(pid: u32) -> Result<OwnedFd> {
    let path = format!("/proc/{pid}/ns/net");
    Ok(File::open(&path).map_err(|e| Fault::io(format!("open {path}"), e))?.into())
}
