//! The engine's end of the shim's protocol, asynchronous over [`knarr_shim_client`]'s frames.

mod link;
mod reap;

use std::path::Path;
use std::time::Duration;

use knarr_model::Result;
use knarr_shim_client::Error;

pub(crate) use knarr_shim_client::{Event as FromShim, Exit, MOST_PAYLOAD, Request as ToShim, want};
pub(crate) use link::{Link, Receiver, Sender};
pub(crate) use reap::{Ended, reap};

/// A shim that is at work has taken in a burst of clients after this.
const BURST: Duration = Duration::from_millis(50);

/// A further connection to the shim whose folder is `dir`, greeted with `wants`.
pub(crate) async fn connect(dir: &Path, wants: u32) -> Result<Link> {
    let stream = match knarr_shim_client::connect(dir) {
        Err(Error::Busy(_)) => {
            tokio::time::sleep(BURST).await;
            knarr_shim_client::connect(dir)
        }
        other => other,
    };
    let mut link = Link::adopt(stream?)?;
    link.send(ToShim::Hello(wants)).await?;
    Ok(link)
}
