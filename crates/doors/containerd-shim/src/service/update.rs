//! `Update` and `Stats`: limits, and what is used of them.

use std::sync::Arc;

use crate::messages::Empty;
use crate::messages::task::{ContainerRequest, StatsResponse, UpdateTaskRequest};
use crate::shim::Shim;
use crate::{Error, Result, metrics};

/// Changes limits.
pub fn update(shim: &Arc<Shim>, request: UpdateTaskRequest) -> Result<Empty> {
    let container = shim.container(&request.id)?;
    let document = request.resources.map(|resources| resources.value).unwrap_or_default();
    let resources = serde_json::from_slice(&document).map_err(|e| Error::Decode("the resources", e.to_string()))?;
    knarr_runtime::update(&container.place.records(), &container.id, &resources)?;
    Ok(Empty {})
}

/// Reads what is used.
pub fn stats(shim: &Arc<Shim>, request: ContainerRequest) -> Result<StatsResponse> {
    let container = shim.container(&request.id)?;
    Ok(StatsResponse { stats: Some(metrics::read(&container)?) })
}
