//! `Start`: a created container's program, or a process that was added by exec.

use std::sync::Arc;

use crate::Result;
use crate::container::Container;
use crate::messages::events::{TaskExecStarted, TaskStart};
use crate::messages::task::{ProcessRequest, StartResponse};
use crate::process::{Phase, Process};
use crate::shim::Shim;
use crate::stdio::{Owner, Paths, Prepared};

/// Starts it, and tells so before its end can be told.
pub fn start(shim: &Arc<Shim>, request: ProcessRequest) -> Result<StartResponse> {
    let container = shim.container(&request.id)?;
    let process = container.process(&request.exec_id)?;
    if request.exec_id.is_empty() {
        start_first(shim, &container, &process)?;
    } else {
        start_exec(shim, &container, &process)?;
    }
    Ok(StartResponse { pid: process.pid() })
}

fn start_first(shim: &Shim, container: &Container, process: &Process) -> Result<()> {
    process.begin_start(Phase::Created)?;
    let silent = Prepared::new(&Paths::default(), Owner::default())?;
    let verb = ["start".to_owned(), container.id.clone()];
    let command = shim.children.command();
    let started = shim.runtime.run(&container.global(), &verb, &container.place.process(""), &silent.ends.0);
    drop(command);
    if let Err(error) = started {
        process.end_start(Phase::Created);
        return Err(error);
    }
    shim.publisher.send(&TaskStart { container_id: container.id.clone(), pid: process.pid() });
    process.end_start(Phase::Running);
    Ok(())
}

fn start_exec(shim: &Arc<Shim>, container: &Arc<Container>, process: &Arc<Process>) -> Result<()> {
    process.begin_start(Phase::Added)?;
    let document = container.place.process(&process.exec).join("process.json");
    let words = ["exec", "--detach", "--process", &document.display().to_string(), &container.id];
    let verb = words.map(str::to_owned);
    let made = shim.make(container, process, &verb).inspect_err(|_| process.end_start(Phase::Added))?;
    process.made(made, Phase::Running);
    shim.publisher.send(&TaskExecStarted {
        container_id: container.id.clone(),
        exec_id: process.exec.clone(),
        pid: process.pid(),
    });
    shim.watch(container, process)
}
