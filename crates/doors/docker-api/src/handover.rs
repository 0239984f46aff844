//! Files that a client on this machine hands over instead of their bytes ([`knarr_api::handover`]).

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use axum::extract::FromRequestParts;
use http::request::Parts;
use knarr_api::handover::{HEADER, Handover};
use knarr_model::{Fault, Kind, Result};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::error::ApiError;

/// The process at the other end of a unix socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) i32);

/// The file that a request hands over.
pub(crate) struct Handed(pub(crate) File);

impl<S: Send + Sync> FromRequestParts<S> for Handed {
    type Rejection = ApiError;

    /// A client that is told "unsupported" sends the bytes.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let header = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        let wanted: Handover = header
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Fault::invalid(format!("missing or malformed {HEADER} header")))?;
        let file = match parts.extensions.get::<Process>() {
            Some(Process(process)) if *process == wanted.process => copy(&wanted),
            _ => {
                return Err(
                    Fault::new(Kind::Unsupported, "files are only taken from the process that has them open").into()
                );
            }
        };
        Ok(Self(file.map_err(|e| Fault::new(Kind::Unsupported, "cannot take the client's file").because(e))?))
    }
}

/// A descriptor of our own for the client's file.
fn copy(wanted: &Handover) -> std::io::Result<File> {
    let process = Pid::from_raw(wanted.process).ok_or(std::io::ErrorKind::InvalidInput)?;
    let process = pidfd_open(process, PidfdFlags::empty())?;
    let file = File::from(pidfd_getfd(process, wanted.descriptor, PidfdGetfdFlags::empty())?);
    let found = file.metadata()?;
    if found.is_file() && (found.dev(), found.ino()) == (wanted.device, wanted.inode) {
        return Ok(file);
    }
    Err(std::io::Error::other("it is another file there, or no regular one"))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    fn wanted(file: &File) -> Handover {
        let (process, found) = (rustix::process::getpid().as_raw_nonzero().get(), file.metadata().unwrap());
        Handover { process, descriptor: file.as_raw_fd(), device: found.dev(), inode: found.ino() }
    }

    #[test]
    fn only_the_regular_file_that_is_meant_is_taken() {
        let file = tempfile::tempfile().unwrap();
        let taken = copy(&wanted(&file)).unwrap();
        assert_eq!(taken.metadata().unwrap().ino(), file.metadata().unwrap().ino());
        let other = tempfile::tempfile().unwrap();
        copy(&Handover { descriptor: other.as_raw_fd(), ..wanted(&file) }).unwrap_err();
        copy(&wanted(&File::open("/dev/null").unwrap())).unwrap_err();
        copy(&Handover { process: i32::MAX, ..wanted(&file) }).unwrap_err();
    }
}
