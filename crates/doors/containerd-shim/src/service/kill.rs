//! `Kill`: sends a signal.

use std::sync::Arc;

use crate::messages::Empty;
use crate::messages::task::KillRequest;
use crate::process::Phase;
use crate::shim::Shim;
use crate::{Error, Result};

/// To a process, or to all of the container's.
pub fn kill(shim: &Arc<Shim>, request: KillRequest) -> Result<Empty> {
    let container = shim.container(&request.id)?;
    let process = container.process(&request.exec_id)?;
    let signal = i32::try_from(request.signal).ok().filter(|signal| (0..=64).contains(signal));
    let signal = signal.ok_or_else(|| Error::Invalid(format!("{} is no signal", request.signal)))?;
    let first = request.exec_id.is_empty();
    if first && process.phase() != Phase::Stopped && signal != 0 {
        // The runtime lets a frozen container go on when it is to die.
        let records = container.place.records();
        return match knarr_runtime::kill(&records, &container.id, signal, request.all) {
            Ok(()) => Ok(Empty {}),
            Err(knarr_runtime::Error::Status { .. }) => Err(Error::Finished),
            Err(error) => Err(error.into()),
        };
    }
    if first && request.all && process.phase() == Phase::Stopped {
        // The first process has gone; others may be left, and may be all that is meant.
        container.cgroup().and_then(|cgroup| Ok(cgroup.kill_all()?))?;
        return Ok(Empty {});
    }
    process.signal(signal)?;
    Ok(Empty {})
}
