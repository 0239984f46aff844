//! Files that a daemon on this machine reads or writes itself ([`knarr_api::handover`]).

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;

use http::Response;
use hyper::body::Incoming;
use knarr_api::handover::{HEADER, Handover};

use super::{Call, Client, Host};
use crate::error::{Error, Result};

impl Client {
    /// Sends a call with a regular file in a body's place; none where the daemon takes none: one that is elsewhere, is not
    /// knarr, or may not look into this process.
    pub(crate) async fn hand_over(&self, call: Call, file: &File) -> Result<Option<Response<Incoming>>> {
        let Some(handover) = describe(file).filter(|_| matches!(self.host(), Host::Unix(_))) else { return Ok(None) };
        match self.send(call.header(HEADER, handover.to_string())).await {
            Ok(response) => Ok(Some(response)),
            // 404: Docker's daemon, or the thing itself is missing, which the call without the file says as well.
            Err(Error::Daemon { status: 404 | 501, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn describe(file: &File) -> Option<Handover> {
    let found = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let process = i32::try_from(std::process::id()).ok()?;
    Some(Handover { process, descriptor: file.as_raw_fd(), device: found.dev(), inode: found.ino() })
}
