//! `Delete`: what has ended is forgotten.

use std::sync::Arc;
use std::time::Duration;

use crate::container::Container;
use crate::messages::events::TaskDelete;
use crate::messages::task::{DeleteResponse, ProcessRequest};
use crate::process::{Exit, Phase};
use crate::shim::Shim;
use crate::{Error, Result, rootfs};

/// How long a killed process may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Removes a container, or a process that was added to one.
pub fn delete(shim: &Arc<Shim>, request: ProcessRequest) -> Result<DeleteResponse> {
    let container = shim.container(&request.id)?;
    match request.exec_id.as_str() {
        "" => delete_container(shim, &container),
        exec => delete_exec(&container, exec),
    }
}

fn delete_container(shim: &Shim, container: &Container) -> Result<DeleteResponse> {
    let init = &container.init;
    let exit = match init.phase() {
        Phase::Stopped => init.wait_stopped(Duration::ZERO)?,
        // Its program was never started: nobody waits for what it would do.
        Phase::Created => kill(container)?,
        phase => return Err(init.wrong("delete", phase)),
    };
    knarr_runtime::delete(&container.place.records(), &container.id, true)?;
    rootfs::unmount(&container.rootfs())?;
    shim.remove(&container.id);
    shim.publisher.send(&TaskDelete {
        container_id: container.id.clone(),
        pid: init.pid(),
        exit_status: exit.code,
        exited_at: Some(exit.at),
    });
    Ok(DeleteResponse { pid: init.pid(), exit_status: exit.code, exited_at: Some(exit.at) })
}

fn kill(container: &Container) -> Result<Exit> {
    match container.init.signal(rustix::process::Signal::KILL.as_raw()) {
        Ok(()) | Err(Error::Finished) => container.init.wait_stopped(PATIENCE),
        Err(error) => Err(error),
    }
}

fn delete_exec(container: &Container, exec: &str) -> Result<DeleteResponse> {
    let process = container.process(exec)?;
    let response = match (process.phase(), process.exit()) {
        (Phase::Stopped, Some(exit)) => {
            DeleteResponse { pid: process.pid(), exit_status: exit.code, exited_at: Some(exit.at) }
        }
        (Phase::Added, _) => DeleteResponse::default(),
        (phase, _) => return Err(process.wrong("delete", phase)),
    };
    container.remove(exec);
    Ok(response)
}
