//! `Pause` and `Resume`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::Result;
use crate::messages::Empty;
use crate::messages::events::{TaskPaused, TaskResumed};
use crate::messages::task::ContainerRequest;
use crate::shim::Shim;

/// Stops every process of a container.
pub fn pause(shim: &Arc<Shim>, request: ContainerRequest) -> Result<Empty> {
    let container = shim.container(&request.id)?;
    knarr_runtime::pause(&container.place.records(), &container.id)?;
    container.paused.store(true, Ordering::Relaxed);
    shim.publisher.send(&TaskPaused { container_id: request.id });
    Ok(Empty {})
}

/// Lets them go on.
pub fn resume(shim: &Arc<Shim>, request: ContainerRequest) -> Result<Empty> {
    let container = shim.container(&request.id)?;
    knarr_runtime::resume(&container.place.records(), &container.id)?;
    container.paused.store(false, Ordering::Relaxed);
    shim.publisher.send(&TaskResumed { container_id: request.id });
    Ok(Empty {})
}
