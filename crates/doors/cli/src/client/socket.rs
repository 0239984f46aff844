//! A connection to a daemon, whatever it is made of.

use std::io::ErrorKind;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::Host;
use super::host::Tls;
use crate::error::{Error, Result};

/// Bytes in both directions; each can be ended alone.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to a daemon.
pub(super) async fn connect(host: &Host) -> Result<Box<dyn Stream>> {
    match host {
        Host::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|e| unreachable(host, e))?;
            Ok(Box::new(stream))
        }
        Host::Tcp { address, tls } => {
            let stream = TcpStream::connect(address).await.map_err(|e| unreachable(host, e))?;
            secured(host, address, tls, stream).await
        }
    }
}

async fn secured(host: &Host, address: &str, tls: &Tls, stream: TcpStream) -> Result<Box<dyn Stream>> {
    let config = knarr_tls::client(&tls.servers, &tls.own);
    let config = config.map_err(|e| Error::invalid(format!("cannot connect to {host}: {e}")))?;
    let bare = address.rsplit_once(':').map_or(address, |(name, _)| name).trim_matches(['[', ']']);
    let name = ServerName::try_from(bare.to_owned());
    let name = name.map_err(|e| Error::invalid(format!("cannot connect to {host}: {e}")))?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let refused = |e: std::io::Error| Error::Connection { operation: host.to_string(), cause: e.to_string() };
    Ok(Box::new(stream.map_err(refused)?))
}

fn unreachable(host: &Host, error: std::io::Error) -> Error {
    let host = host.to_string();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Error::NoDaemon { host },
        ErrorKind::PermissionDenied => Error::SocketDenied { host },
        _ => Error::io(format!("connect to {host}"), error),
    }
}
