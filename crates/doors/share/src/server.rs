//! The listener: bounded, with a deadline for heads, handshakes and silent readers.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use knarr_engine::{Engine, Share};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::answer::answer;

/// Connections at one time; more wait in the kernel's queue.
const CONNECTIONS: usize = 64;
/// For a TLS handshake, and for the head of a request.
const HEAD: Duration = Duration::from_secs(30);
const HEAD_BYTES: usize = 16 << 10;
const HEADERS: usize = 64;

/// Answers readers where and when the engine shares, until `stop` is ready.
pub async fn serve(engine: Arc<Engine>, stop: impl Future<Output = ()>) {
    let mut shares = engine.shares();
    tokio::pin!(stop);
    loop {
        let share = shares.borrow_and_update().clone();
        let served = async {
            match share {
                Some(share) => welcome_all(&engine, share).await,
                None => std::future::pending().await,
            }
        };
        // What is left of the last share is dropped before the next one is looked at: its listener, and its readers' connections.
        tokio::select! {
            () = &mut stop => return,
            changed = shares.changed() => if changed.is_err() { return },
            () = served => {}
        }
    }
}

/// Never ends by itself, but where nobody can be listened to.
async fn welcome_all(engine: &Arc<Engine>, share: Arc<Share>) {
    let listener = share.listener.try_clone().and_then(TcpListener::from_std);
    let tcp = match listener {
        Ok(tcp) => tcp,
        Err(error) => {
            tracing::error!(%error, "cannot listen for readers");
            return std::future::pending().await;
        }
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut readers = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        while readers.try_join_next().is_some() {}
        match tcp.accept().await {
            Ok((stream, peer)) => {
                let (engine, share) = (Arc::clone(engine), Arc::clone(&share));
                readers.spawn(async move {
                    if let Err(error) = welcome(stream, engine, share).await {
                        tracing::debug!(%peer, %error, "a reader's connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a reader");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn welcome(stream: TcpStream, engine: Arc<Engine>, share: Arc<Share>) -> io::Result<()> {
    let Some(tls) = share.tls.clone() else { return connection(stream, engine, share).await };
    let shaken = tokio::time::timeout(HEAD, TlsAcceptor::from(tls).accept(stream)).await;
    connection(shaken.map_err(|_| io::ErrorKind::TimedOut)??, engine, share).await
}

async fn connection<S>(stream: S, engine: Arc<Engine>, share: Arc<Share>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (engine, share) = (Arc::clone(&engine), Arc::clone(&share));
        async move { Ok::<_, Infallible>(answer(&engine, &share.token, &request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    http.serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}
