//! `Exec`: adds a process to a container; `Start` starts it.

use std::sync::Arc;

use crate::messages::Empty;
use crate::messages::events::TaskExecAdded;
use crate::messages::task::ExecProcessRequest;
use crate::place::check_id;
use crate::process::Phase;
use crate::shim::Shim;
use crate::stdio::Paths;
use crate::{Error, Result};

/// Writes down what the process is to be.
pub fn exec(shim: &Arc<Shim>, request: ExecProcessRequest) -> Result<Empty> {
    check_id(&request.exec_id)?;
    let container = shim.container(&request.id)?;
    if container.init.phase() == Phase::Stopped {
        return Err(container.init.wrong("exec beside", Phase::Stopped));
    }
    // The document is JSON, whatever containerd calls it.
    let document = request.spec.map(|spec| spec.value).unwrap_or_default();
    let paths =
        Paths { stdin: request.stdin, stdout: request.stdout, stderr: request.stderr, terminal: request.terminal };
    container.add(&request.exec_id, paths, || {
        let path = container.place.make(&request.exec_id)?.join("process.json");
        std::fs::write(&path, document).map_err(|e| Error::io("write", path.display().to_string(), e))
    })?;
    shim.publisher.send(&TaskExecAdded { container_id: request.id, exec_id: request.exec_id });
    Ok(Empty {})
}
