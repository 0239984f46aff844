//! Where the daemon is, and how it is reached.

use std::path::PathBuf;

use knarr_tls::Identity;

use crate::error::{Error, Result};

/// Where the daemon listens when nobody says otherwise.
const DEFAULT_SOCKET: &str = "/run/knarr/knarr.sock";
/// The port of a daemon on TCP when nobody says otherwise.
const DEFAULT_PORT: u16 = 2376;

/// The address of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// A socket on this machine.
    Unix(PathBuf),
    /// Another machine, with mutual TLS.
    Tcp {
        /// `host:port`
        address: String,
        /// Whom we believe, and who we are.
        tls: Box<Tls>,
    },
}

/// Whom a client on TCP believes, and who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The authorities of the daemon's certificate.
    pub(crate) servers: PathBuf,
    /// The client's own certificate and key.
    pub(crate) own: Identity,
}

/// The flags that say where the daemon is.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct HostFlags {
    /// Daemon to speak to
    #[arg(short = 'H', long, value_name = "unix:///PATH|tcp://HOST:PORT")]
    pub(crate) host: Option<String>,
    /// Use TLS on TCP, and verify the daemon
    #[arg(long)]
    tlsverify: bool,
    /// Trust daemons with a certificate of this authority only
    #[arg(long, value_name = "FILE")]
    tlscacert: Option<PathBuf>,
    /// Own certificate
    #[arg(long, value_name = "FILE")]
    tlscert: Option<PathBuf>,
    /// Key of the own certificate
    #[arg(long, value_name = "FILE")]
    tlskey: Option<PathBuf>,
}

impl HostFlags {
    /// Picks the address: the flag, else `KNARR_HOST`, else `DOCKER_HOST`, else the default socket.
    pub(crate) fn pick(&self) -> Result<Host> {
        let text = self.host.clone().or_else(|| variable("KNARR_HOST")).or_else(|| variable("DOCKER_HOST"));
        text.map_or_else(|| Ok(Host::Unix(DEFAULT_SOCKET.into())), |text| self.parse(&text))
    }

    /// Reads `unix:///path` or `tcp://host[:port]`.
    fn parse(&self, text: &str) -> Result<Host> {
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Host::Unix(path.into())),
            Some(("tcp", address)) if !address.is_empty() && !address.contains('/') => {
                let tls = Box::new(self.tls(text)?);
                Ok(Host::Tcp { address: with_port(address), tls })
            }
            Some(("http" | "https" | "ssh", _)) => Err(Error::invalid(format!(
                "cannot connect to {text}: only unix sockets and tcp with TLS are supported, for example unix://{DEFAULT_SOCKET}"
            ))),
            _ => Err(Error::invalid(format!(
                "invalid host {text:?}: expected unix:///path/to/socket or tcp://host:port"
            ))),
        }
    }

    /// The certificates: as the flags say, else from the folder `DOCKER_CERT_PATH`, else from that of the client's configuration.
    fn tls(&self, text: &str) -> Result<Tls> {
        if !self.tlsverify && variable("DOCKER_TLS_VERIFY").is_none() {
            return Err(Error::invalid(format!(
                "cannot connect to {text}: TCP is spoken with mutual TLS only: give --tlsverify, and certificates by --tlscacert, \
                 --tlscert and --tlskey or in the folder that DOCKER_CERT_PATH names"
            )));
        }
        let folder = variable("DOCKER_CERT_PATH").map_or_else(crate::login::config_folder, PathBuf::from);
        let file = |flag: &Option<PathBuf>, name: &str| flag.clone().unwrap_or_else(|| folder.join(name));
        let own = Identity { certificate: file(&self.tlscert, "cert.pem"), key: file(&self.tlskey, "key.pem") };
        Ok(Tls { servers: file(&self.tlscacert, "ca.pem"), own })
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn with_port(address: &str) -> String {
    let bare = address.rsplit_once(']').map_or(address, |(_, rest)| rest);
    if bare.contains(':') { address.to_owned() } else { format!("{address}:{DEFAULT_PORT}") }
}

impl Host {
    /// What requests name as their host.
    pub(crate) fn header(&self) -> &str {
        match self {
            Self::Unix(_) => "knarr",
            Self::Tcp { address, .. } => address,
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { address, .. } => write!(f, "tcp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_parse() {
        let flags = HostFlags { tlsverify: true, tlskey: Some("/k".into()), ..HostFlags::default() };
        for (text, shown) in [
            ("unix:///a/b.sock", "unix:///a/b.sock"),
            ("tcp://1.2.3.4:2375", "tcp://1.2.3.4:2375"),
            ("tcp://box.lan", "tcp://box.lan:2376"),
            ("tcp://[::1]", "tcp://[::1]:2376"),
        ] {
            assert_eq!(flags.parse(text).unwrap().to_string(), shown);
        }
        for bad in ["unix://relative", "/a/b", "", "fd://", "tcp://", "tcp://a/b", "ssh://a"] {
            assert!(flags.parse(bad).is_err(), "{bad}");
        }
        let Host::Tcp { tls, .. } = flags.parse("tcp://x").unwrap() else { panic!("not tcp") };
        assert_eq!(tls.own.key, PathBuf::from("/k"));
        assert!(tls.servers.ends_with("ca.pem"));
    }

    #[test]
    fn plain_tcp_is_refused_with_the_remedy() {
        let refused = HostFlags::default().parse("tcp://1.2.3.4:2375").unwrap_err().to_string();
        assert!(refused.contains("mutual TLS only") && refused.contains("--tlsverify"), "{refused}");
    }
}
