//! The listener: bounded connections, deadlines for clients that stall, and a graceful end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::auth::Gate;
use crate::error::Error;
use crate::patience::Patient;
use crate::registry::Registry;
use crate::storage::Storage;
use crate::tls;

/// Connections at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 512;
/// For a TLS handshake, and for the head of a request.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 << 10;
/// Headers of a request.
const HEADERS: usize = 100;
/// A client that takes no byte of an answer for this long is given up.
const STALL: Duration = Duration::from_secs(60);
/// For requests that are under way when the end is asked for.
const FAREWELL: Duration = Duration::from_secs(10);

/// What a registry is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that everything is kept in; made where missing.
    pub root: PathBuf,
    /// `HOST:PORT`; port 0 chooses a free one.
    pub addr: String,
    /// An htpasswd file (bcrypt); without one everybody may do everything.
    pub htpasswd: Option<PathBuf>,
    /// PEM files of the certificate chain and the key; without them plain HTTP is spoken.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// Serves until `stop` is done, then lets requests under way end. `ready` is told the chosen address once connections
/// are accepted.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let gate = config.htpasswd.as_deref().map(Gate::open).transpose()?;
    let tls = config.tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key)).transpose()?;
    let root = config.root.clone();
    let storage = knarr_transfer::on_blocking_thread(move || Storage::open(&root)).await.map_err(Error::Storage)?;
    let listen = |source| Error::Listen { address: config.addr.clone(), source };
    let listener = TcpListener::bind(&config.addr).await.map_err(listen)?;
    ready(listener.local_addr().map_err(listen)?);
    let registry = Arc::new(Registry::new(storage, gate));
    tokio::select! {
        () = accept(listener, tls, Arc::clone(&registry), stop) => Ok(()),
        never = registry.uploads.expire() => match never {},
    }
}

/// Accepts until `stop`, then waits for the connections' end, for [`FAREWELL`] at most.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    registry: Arc<Registry>,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let (ending, end) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match stream {
            Ok((stream, peer)) => {
                let (tls, registry, end) = (tls.clone(), Arc::clone(&registry), end.clone());
                connections.spawn(async move {
                    let _place = place;
                    if let Err(error) = connection(stream, tls, registry, end).await {
                        tracing::debug!(%peer, error, "connection ended early");
                    }
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: accepting again at once would only burn a core.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let _ = ending.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, all).await;
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    registry: Arc<Registry>,
    end: watch::Receiver<bool>,
) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    match tls {
        None => speak(stream, registry, end).await,
        Some(acceptor) => {
            let handshake = tokio::time::timeout(HEAD, acceptor.accept(stream)).await;
            let stream = handshake.map_err(|_| "TLS handshake took too long".to_owned())?;
            speak(stream.map_err(|e| e.to_string())?, registry, end).await
        }
    }
}

/// HTTP/1.1 on a stream, until it ends or the end is asked for.
async fn speak<S>(stream: S, registry: Arc<Registry>, mut end: watch::Receiver<bool>) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request| {
        let registry = Arc::clone(&registry);
        async move { Ok::<_, Infallible>(registry.answer(request).await) }
    });
    let io = TokioIo::new(Patient::new(stream, STALL));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    tokio::select! {
        done = &mut connection => return done.map_err(|e| e.to_string()),
        _ = end.wait_for(|end| *end) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Sends this and no more; what is answered before the connection is given up.
    async fn answer(folder: &std::path::Path, sent: &str) -> String {
        let registry = Arc::new(Registry::new(Storage::open(folder).unwrap(), None));
        let (mut client, server) = tokio::io::duplex(64 << 10);
        let (_ending, end) = watch::channel(false);
        tokio::spawn(speak(server, registry, end));
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_stop_are_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let digest = knarr_model::Digest::of(b"");
        let upload =
            format!("POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
        let stopped = answer(folder.path(), &upload).await;
        assert!(stopped.starts_with("HTTP/1.1 408") && stopped.contains("stopped sending"), "{stopped}");
        assert_eq!(std::fs::read_dir(folder.path().join("ingest")).unwrap().count(), 0);
        assert_eq!(answer(folder.path(), "GET /v2/ HTTP/1.1\r\nHost").await, "", "a head without an end");
    }
}
