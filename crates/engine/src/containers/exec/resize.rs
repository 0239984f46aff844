//! `exec resize`.

use std::time::Duration;

use knarr_model::{Fault, Result};

use crate::Engine;
use crate::shim::{self, FromShim, ToShim};

/// A session that is being started gets this long to have a terminal.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Tells a session's terminal its size in characters.
    pub async fn resize_exec(&self, id: &str, rows: u16, columns: u16) -> Result<()> {
        let (_, session) = self.find_exec(id)?;
        let mut progress = session.progress.subscribe();
        let ready = progress.wait_for(|progress| progress.running || progress.exit_code.is_some());
        let running = tokio::time::timeout(PATIENCE, ready).await.is_ok_and(|seen| seen.is_ok_and(|now| now.running));
        if !running {
            return Err(Fault::conflict(format!("exec instance {id} is not running")));
        }
        let dir = self.roots.exec("shims").join(id);
        let mut link = shim::connect(&dir, 0).await?;
        link.send(ToShim::Resize { rows, columns }).await?;
        loop {
            match link.next().await? {
                FromShim::Answer(0) => return Ok(()),
                FromShim::Answer(errno) => {
                    let error = std::io::Error::from_raw_os_error(errno);
                    return Err(Fault::internal(format!("cannot resize exec instance {id}")).because(error));
                }
                _ => {}
            }
        }
    }
}
