//! `State`, `Pids` and `Connect`: what there is.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::Result;
use crate::container::Container;
use crate::messages::Any;
use crate::messages::options::{PROCESS_DETAILS, ProcessDetails};
use crate::messages::task::{
    ConnectResponse, ContainerRequest, PidsResponse, ProcessInfo, ProcessRequest, StateResponse, Status,
};
use crate::process::{Phase, Process};
use crate::shim::Shim;

/// Where a process is.
pub fn state(shim: &Arc<Shim>, request: ProcessRequest) -> Result<StateResponse> {
    let container = shim.container(&request.id)?;
    let process = container.process(&request.exec_id)?;
    let exit = process.exit();
    Ok(StateResponse {
        id: if request.exec_id.is_empty() { request.id } else { request.exec_id.clone() },
        bundle: container.bundle.display().to_string(),
        pid: process.pid(),
        status: status(&container, &process) as i32,
        stdin: process.paths.stdin.clone(),
        stdout: process.paths.stdout.clone(),
        stderr: process.paths.stderr.clone(),
        terminal: process.paths.terminal,
        exit_status: exit.map_or(0, |exit| exit.code),
        exited_at: exit.map(|exit| exit.at),
        exec_id: request.exec_id,
    })
}

fn status(container: &Container, process: &Process) -> Status {
    match process.phase() {
        Phase::Stopped => Status::Stopped,
        Phase::Running if container.paused.load(Ordering::Relaxed) => Status::Paused,
        Phase::Running => Status::Running,
        Phase::Added | Phase::Created | Phase::Starting => Status::Created,
    }
}

/// All processes inside; those that were added by exec with their ids.
pub fn pids(shim: &Arc<Shim>, request: ContainerRequest) -> Result<PidsResponse> {
    let container = shim.container(&request.id)?;
    let details = |exec_id| Any::pack(PROCESS_DETAILS, &ProcessDetails { exec_id });
    let info = |pid| ProcessInfo { pid, info: container.exec_of(pid).map(details) };
    let processes = container.cgroup()?.pids()?.into_iter().map(info).collect();
    Ok(PidsResponse { processes })
}

/// Who the shim is.
pub fn connect(shim: &Arc<Shim>, request: ContainerRequest) -> Result<ConnectResponse> {
    // containerd also asks before there is a container.
    let task_pid = shim.container(&request.id).map_or(0, |container| container.init.pid());
    Ok(ConnectResponse { shim_pid: std::process::id(), task_pid, version: env!("CARGO_PKG_VERSION").to_owned() })
}
