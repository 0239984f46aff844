//! Where the daemon listens: unix sockets, and TCP for clients with a certificate.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use knarr_docker_api::{Listener, TlsListener};
use knarr_tls::Identity;
use tokio::net::{TcpListener, UnixListener};

use super::options::Options;
use super::socket;

/// The port that clients take where none is given.
const DEFAULT_PORT: u16 = 2376;

/// One place to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// `unix:///path`
    Unix(PathBuf),
    /// `tcp://address:port`, with mutual TLS.
    Tcp(String),
}

/// Who the daemon is on TCP, and whom it lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Its own certificate and key.
    pub own: Identity,
    /// The authorities of the clients' certificates.
    pub clients: PathBuf,
}

impl Host {
    /// Reads `unix:///path` or `tcp://address[:port]`.
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("unix", _)) => bail!("invalid host {text:?}: the socket's path must be absolute"),
            Some(("tcp", address)) if !address.is_empty() && !address.contains('/') => {
                Ok(Self::Tcp(with_port(address)))
            }
            _ => bail!("invalid host {text:?}: expected unix:///PATH or tcp://ADDRESS:PORT"),
        }
    }

    /// Starts to listen.
    pub async fn listen(&self, options: &Options) -> Result<Listener> {
        match self {
            Self::Unix(path) => {
                let listener = UnixListener::from_std(socket::bind(path, options.group.as_deref())?)?;
                tracing::info!(socket = %path.display(), "listening");
                Ok(Listener::Unix(listener))
            }
            Self::Tcp(address) => {
                let tls = options.tls.as_ref().with_context(|| plain(address))?;
                let tcp = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
                let listener = TlsListener::new(tcp, &tls.own, &tls.clients).map_err(super::said)?;
                tracing::info!(address = %listener.address()?, "listening with mutual TLS");
                Ok(Listener::Tls(listener))
            }
        }
    }
}

/// Why there is no plain TCP: whoever reaches it is root on this machine.
pub fn plain(address: &str) -> String {
    format!(
        "invalid host \"tcp://{address}\": TCP is spoken with mutual TLS only: give --tlsverify, --tlscacert, --tlscert and \
         --tlskey, or listen on a unix socket and let clients come through ssh"
    )
}

fn with_port(address: &str) -> String {
    let bare = address.rsplit_once(']').map_or(address, |(_, rest)| rest);
    if bare.contains(':') { address.to_owned() } else { format!("{address}:{DEFAULT_PORT}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_sockets_and_addresses() {
        assert_eq!(Host::parse("unix:///y").unwrap(), Host::Unix("/y".into()));
        for (text, address) in [
            ("tcp://0.0.0.0:1", "0.0.0.0:1"),
            ("tcp://box.lan", "box.lan:2376"),
            ("tcp://[::1]", "[::1]:2376"),
            ("tcp://[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(Host::parse(text).unwrap(), Host::Tcp(address.into()));
        }
        for wrong in ["unix://relative", "tcp://", "tcp://a/b", "fd://", "/y", "http://x"] {
            assert!(Host::parse(wrong).is_err(), "{wrong}");
        }
    }
}
