//! `exec create`.

use knarr_api::exec::CreateRequest;
use knarr_model::{Fault, Result};

use super::Session;
use crate::containers::{Record, Status};
use crate::streams::DetachKeys;
use crate::{Engine, Event};

/// Sessions that one container remembers; ended ones go first.
const REMEMBERED: usize = 256;

impl Engine {
    /// Prepares a session in a running container; its id.
    pub fn create_exec(&self, name: &str, request: CreateRequest) -> Result<String> {
        let container = self.containers.find(name)?;
        let view = container.view();
        check_running(&view)?;
        if request.cmd.is_empty() {
            return Err(Fault::invalid("No exec command specified"));
        }
        DetachKeys::parse(&request.detach_keys)?;
        let session = Session::new(request);
        let mut sessions = container.sessions();
        if sessions.len() >= REMEMBERED {
            sessions.retain(|_, session| session.progress().exit_code.is_none());
        }
        if sessions.len() >= REMEMBERED {
            return Err(Fault::conflict(format!(
                "container {} has {REMEMBERED} exec sessions already",
                view.id.short()
            )));
        }
        sessions.insert(session.id.clone(), session.clone());
        drop(sessions);
        self.events.publish(exec_event(&view, "exec_create", &session).with("execID", session.id.clone()));
        Ok(session.id.clone())
    }

    /// The session called `id`, with its container's present state.
    pub(super) fn find_exec(
        &self,
        id: &str,
    ) -> Result<(std::sync::Arc<crate::containers::Container>, std::sync::Arc<Session>)> {
        for container in self.containers.all() {
            let found = container.sessions().get(id).cloned();
            if let Some(session) = found {
                return Ok((container, session));
            }
        }
        Err(Fault::not_found(format!("No such exec instance: {id}")))
    }
}

pub(super) fn check_running(view: &Record) -> Result<()> {
    match view.state.status {
        Status::Running => Ok(()),
        Status::Paused => {
            Err(Fault::conflict(format!("Container {} is paused, unpause the container before exec", view.id)))
        }
        Status::Restarting => {
            Err(Fault::conflict(format!("Container {} is restarting, wait until the container is running", view.id)))
        }
        _ => Err(Fault::conflict(format!("container {} is not running", view.id))),
    }
}

pub(super) fn exec_event(view: &Record, action: &str, session: &Session) -> Event {
    let action = if action == "exec_die" { action.to_owned() } else { format!("{action}: {}", session.command()) };
    Event::new("container", action, view.id.as_str()).with_all(&view.attributes())
}
