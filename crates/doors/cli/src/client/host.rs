//! Where the daemon is.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where the daemon listens when nobody says otherwise.
const DEFAULT_SOCKET: &str = "/run/knarr/knarr.sock";

/// The address of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    socket: PathBuf,
}

impl Host {
    /// Picks the address: the flag, else `KNARR_HOST`, else `DOCKER_HOST`, else the default socket.
    pub(crate) fn pick(flag: Option<&str>) -> Result<Self> {
        let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let text = flag.map(str::to_owned).or_else(|| variable("KNARR_HOST")).or_else(|| variable("DOCKER_HOST"));
        text.map_or_else(|| Ok(Self { socket: DEFAULT_SOCKET.into() }), |text| Self::parse(&text))
    }

    /// Reads `unix:///path`.
    fn parse(text: &str) -> Result<Self> {
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self { socket: path.into() }),
            Some(("tcp" | "http" | "https" | "ssh", _)) => Err(Error::invalid(format!(
                "cannot connect to {text}: only unix sockets are supported, for example unix://{DEFAULT_SOCKET}"
            ))),
            _ => Err(Error::invalid(format!("invalid host {text:?}: expected unix:///path/to/socket"))),
        }
    }

    /// The socket's path.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unix://{}", self.socket.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_parse() {
        assert_eq!(Host::parse("unix:///a/b.sock").unwrap().to_string(), "unix:///a/b.sock");
        for bad in ["tcp://1.2.3.4:2375", "unix://relative", "/a/b", "", "fd://"] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }
}
