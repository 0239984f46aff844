//! The task service: one verb a file, requests decoded and answers encoded here.

mod create;
mod delete;
mod exec;
mod io;
mod kill;
mod pause;
mod start;
mod state;
mod update;

use std::sync::Arc;

use prost::Message;

use crate::messages::Empty;
use crate::messages::task::{ProcessRequest, SERVICE, WaitResponse};
use crate::shim::Shim;
use crate::ttrpc::{Code, Reply, Service, Status};
use crate::{Error, Result};

/// The service over a shim.
pub struct Tasks(pub Arc<Shim>);

impl Service for Tasks {
    fn call(&self, service: &str, method: &str, payload: &[u8], reply: Reply) {
        if service != SERVICE {
            return reply.send(Err(Status::new(Code::Unimplemented, format!("service {service}"))));
        }
        match method {
            "Wait" => wait(&self.0, payload, reply),
            "Shutdown" => {
                reply.send(Ok(Empty {}.encode_to_vec()));
                self.0.shut_down();
            }
            _ => reply.send(answer(&self.0, method, payload)),
        }
    }
}

fn answer(shim: &Arc<Shim>, method: &str, payload: &[u8]) -> Result<Vec<u8>, Status> {
    let answered = match method {
        "State" => with(payload, |request| state::state(shim, request)),
        "Create" => with(payload, |request| create::create(shim, request)),
        "Start" => with(payload, |request| start::start(shim, request)),
        "Delete" => with(payload, |request| delete::delete(shim, request)),
        "Pids" => with(payload, |request| state::pids(shim, request)),
        "Pause" => with(payload, |request| pause::pause(shim, request)),
        "Resume" => with(payload, |request| pause::resume(shim, request)),
        "Checkpoint" => Err(Error::Unsupported("checkpoints are not supported".to_owned())),
        "Kill" => with(payload, |request| kill::kill(shim, request)),
        "Exec" => with(payload, |request| exec::exec(shim, request)),
        "ResizePty" => with(payload, |request| io::resize(shim, request)),
        "CloseIO" => with(payload, |request| io::close(shim, request)),
        "Update" => with(payload, |request| update::update(shim, request)),
        "Stats" => with(payload, |request| update::stats(shim, request)),
        "Connect" => with(payload, |request| state::connect(shim, request)),
        _ => return Err(Status::new(Code::Unimplemented, format!("method {method}"))),
    };
    answered.map_err(Status::from)
}

fn with<Q: Message + Default, A: Message>(payload: &[u8], verb: impl FnOnce(Q) -> Result<A>) -> Result<Vec<u8>> {
    let request = Q::decode(payload).map_err(|e| Error::Decode("the request", e.to_string()))?;
    Ok(verb(request)?.encode_to_vec())
}

/// Answers when the process has ended; until then no thread waits.
fn wait(shim: &Shim, payload: &[u8], reply: Reply) {
    let process = ProcessRequest::decode(payload)
        .map_err(|e| Error::Decode("the request", e.to_string()))
        .and_then(|request| shim.container(&request.id)?.process(&request.exec_id));
    match process {
        Ok(process) => process.when_stopped(Box::new(move |exit| {
            let response = WaitResponse { exit_status: exit.code, exited_at: Some(exit.at) };
            reply.send(Ok(response.encode_to_vec()));
        })),
        Err(error) => reply.send(Err(error.into())),
    }
}
