//! The engine's end of the shim's protocol, asynchronous over [`knarr_shim_client`]'s frames.

mod link;
mod reap;

use std::path::Path;

use knarr_model::Result;

pub(crate) use knarr_shim_client::{Event as FromShim, Exit, MOST_PAYLOAD, Request as ToShim, want};
pub(crate) use link::{Link, Receiver, Sender};
pub(crate) use reap::{Ended, reap};

/// A further connection to the shim whose folder is `dir`, greeted with `wants`.
pub(crate) async fn connect(dir: &Path, wants: u32) -> Result<Link> {
    let mut link = Link::adopt(knarr_shim_client::connect(dir)?)?;
    link.send(ToShim::Hello(wants)).await?;
    Ok(link)
}
