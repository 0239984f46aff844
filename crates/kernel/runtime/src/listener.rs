//! Who answers for a system call filter: a socket that gets the descriptor for its questions, and which process they are
//! about (config-linux.md, "The Container Process State").

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use knarr_spec::{Seccomp, Spec, State};
use serde::Serialize;

use crate::packets::send_with;
use crate::{Error, Result};

/// A connection to the listener.
#[derive(Debug)]
pub struct Listener {
    socket: UnixStream,
    path: String,
    metadata: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessState<'a> {
    oci_version: &'a str,
    fds: [&'a str; 1],
    pid: i32,
    #[serde(skip_serializing_if = "str::is_empty")]
    metadata: &'a str,
    state: &'a State,
}

impl Listener {
    /// Connects to the document's listener, where its filter asks at all.
    pub fn connect(spec: &Spec, filter: Option<&knarr_seccomp::Program>) -> Result<Option<Self>> {
        let profile = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref());
        match (profile, filter) {
            (Some(profile), Some(filter)) if filter.notifies() => Self::to(profile).map(Some),
            _ => Ok(None),
        }
    }

    fn to(profile: &Seccomp) -> Result<Self> {
        let (path, metadata) = (profile.listener_path.clone(), profile.listener_metadata.clone());
        let socket =
            UnixStream::connect(&path).map_err(|e| Error::io("connect to the seccomp listener", path.as_str(), e))?;
        Ok(Self { socket, path, metadata })
    }

    /// Hands the descriptor over, with whom its questions are about.
    pub fn hand_over(&self, descriptor: &OwnedFd, pid: i32, state: &State) -> Result<()> {
        let text = serde_json::to_vec(&ProcessState {
            oci_version: &state.oci_version,
            fds: ["seccompFd"],
            pid,
            metadata: &self.metadata,
            state,
        });
        let text = text.map_err(|source| Error::Json { path: self.path.clone(), source })?;
        let fault = |e: std::io::Error| Error::io("tell the seccomp listener", self.path.as_str(), e);
        send_with(&self.socket, &text, &[descriptor.as_fd()]).map_err(|e| fault(e.into()))
    }
}
