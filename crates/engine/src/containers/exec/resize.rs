//! `exec resize`.

use std::time::Duration;

use knarr_model::{Fault, Kind, Result};

use crate::Engine;
use crate::shim::{self, FromShim, Link, ToShim};

/// A session that is being started gets this long to have a terminal, and its shim to answer.
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
        let link = shim::connect(&self.roots.exec("shims").join(id), 0).await?;
        let failed = || Fault::internal(format!("cannot resize exec instance {id}"));
        match tokio::time::timeout(PATIENCE, ask(link, ToShim::Resize { rows, columns })).await {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(errno)) => Err(failed().because(std::io::Error::from_raw_os_error(errno))),
            Ok(Err(error)) => Err(failed().because(error)),
            Err(_) => Err(Fault::new(Kind::Unavailable, format!("the shim of exec instance {id} does not answer"))),
        }
    }
}

/// The errno that answers a request, or 0.
async fn ask(mut link: Link, request: ToShim<'_>) -> Result<i32> {
    link.send(request).await?;
    loop {
        if let FromShim::Answer(errno) = link.next().await? {
            return Ok(errno);
        }
    }
}
