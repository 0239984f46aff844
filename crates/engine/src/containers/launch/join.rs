//! One more network for a container that runs.

use std::fs::File;

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
    let path = format!("/proc/{}/ns/net", record.state.pid);
    let namespace = File::open(&path).map_err(|e| Fault::io(format!("open {path}"), e))?;
    let mut sandbox = Sandbox::of(namespace.into())?;
    let attached = engine.networks()?.connect(&mut sandbox, &attach(record, network, wishes, Vec::new())?)?;
    Ok(endpoint(&attached, wishes))
}
