//! `exec inspect`.

use knarr_api::exec::{Inspect, ProcessConfig};
use knarr_model::Result;

use crate::Engine;

impl Engine {
    /// How a session is.
    pub fn inspect_exec(&self, id: &str) -> Result<Inspect> {
        let (container, session) = self.find_exec(id)?;
        let (request, progress) = (&session.request, session.progress());
        let mut words = request.cmd.0.iter().cloned();
        Ok(Inspect {
            can_remove: progress.exit_code.is_some(),
            container_id: container.id().to_string(),
            detach_keys: request.detach_keys.clone(),
            exit_code: progress.exit_code.map(i64::from),
            id: session.id.clone(),
            open_stderr: request.attach_stderr,
            open_stdin: request.attach_stdin,
            open_stdout: request.attach_stdout,
            process_config: ProcessConfig {
                entrypoint: words.next().unwrap_or_default(),
                arguments: words.collect(),
                privileged: request.privileged,
                tty: request.tty,
                user: request.user.clone(),
            },
            running: progress.running,
            pid: i64::from(progress.pid),
        })
    }
}
