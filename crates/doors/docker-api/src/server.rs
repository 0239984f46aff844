//! The accept loop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use knarr_engine::Engine;
use knarr_model::Fault;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::error::ApiError;
use crate::front::Front;
use crate::gone::Peer;
use crate::handover::Process;
use crate::tls::{Greeting, Guard, TlsListener};
use crate::{MAX_API, routes, version};

/// Connections at one time; further ones wait in the listener's queue.
const CONNECTIONS: usize = 1024;
/// A head must be there after this long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// A head may have this many bytes and header fields.
const HEAD_BYTES: usize = 64 << 10;
const HEAD_FIELDS: usize = 128;

/// Where clients come from.
pub enum Listener {
    /// This machine; the socket's mode says who.
    Unix(UnixListener),
    /// Anywhere; who shows a certificate.
    Tls(TlsListener),
}

/// A client that has come.
enum Client {
    Local(UnixStream),
    Remote(Greeting),
}

impl Listener {
    async fn accept(&self) -> io::Result<Client> {
        match self {
            Self::Unix(listener) => Ok(Client::Local(listener.accept().await?.0)),
            Self::Tls(listener) => Ok(Client::Remote(listener.accept().await?)),
        }
    }
}

/// Answers clients of `listener` until `stop` is ready. Connections that are taken over or streaming go on until their end or
/// the process's.
pub async fn serve(engine: Arc<Engine>, listener: Listener, stop: impl Future<Output = ()>) {
    let router = routes::router(engine);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::pin!(stop);
    loop {
        let place = places.clone().acquire_owned().await;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => return,
        };
        match accepted {
            Ok(client) => {
                let router = router.clone();
                tokio::spawn(async move {
                    if let Err(error) = client.serve(router).await {
                        tracing::debug!(%error, "connection ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

impl Client {
    async fn serve(self, router: Router) -> io::Result<()> {
        match self {
            Self::Local(socket) => {
                let peer = Peer::of(&socket)?;
                let process = socket.peer_cred()?.pid().map(Process);
                connection(socket, peer, Door { router, guard: None, process }).await
            }
            Self::Remote(greeting) => {
                let (peer, guard) = (Peer::of(&greeting.socket)?, greeting.guard.clone());
                let door = Door { router, guard: Some(guard), process: None };
                connection(greeting.shake_hands().await?, peer, door).await
            }
        }
    }
}

async fn connection<S>(socket: S, peer: Peer, door: Door) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request| {
        let door = door.clone();
        async move { Ok::<_, std::convert::Infallible>(door.answer(request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_FIELDS);
    let io = TokioIo::new(Front::new(socket));
    tokio::select! {
        ended = http.serve_connection(io, service).with_upgrades() => ended.map_err(io::Error::other),
        () = peer.gone() => Ok(()),
    }
}

/// What stands behind a connection.
#[derive(Clone)]
struct Door {
    router: Router,
    guard: Option<Arc<Guard>>,
    /// Who is there, where that is known.
    process: Option<Process>,
}

impl Door {
    /// Checks and strips the version, routes, and adds the headers that every answer has.
    async fn answer(self, request: hyper::Request<Incoming>) -> Response {
        let admitted = self.guard.map_or(Ok(()), |guard| guard.admit(request.headers()));
        let checked = admitted.map_err(ApiError::from).and_then(|()| without_version(request.map(Body::new)));
        let mut response = match checked {
            Ok(mut request) => {
                if let Some(process) = self.process {
                    request.extensions_mut().insert(process);
                }
                handle(self.router, request).await
            }
            Err(error) => error.into_response(),
        };
        let headers = response.headers_mut();
        headers.insert("api-version", HeaderValue::from_static(MAX_API));
        headers.insert("docker-experimental", HeaderValue::from_static("false"));
        headers.insert("ostype", HeaderValue::from_static("linux"));
        headers.insert(
            http::header::SERVER,
            HeaderValue::from_static(concat!("knarr/", env!("CARGO_PKG_VERSION"), " (linux)")),
        );
        response
    }
}

/// Runs a handler to its end also where its client goes away: only the answer is lost, nothing stays half-done.
async fn handle(router: Router, request: Request) -> Response {
    match tokio::spawn(router.oneshot(request)).await {
        Ok(response) => response.unwrap_or_else(|never| match never {}),
        Err(error) => ApiError::from(Fault::internal("the request's handler failed").because(error)).into_response(),
    }
}

fn without_version(mut request: Request) -> Result<Request, ApiError> {
    let uri = request.uri();
    let (version, rest) = version::strip(uri.path())?;
    if rest.len() != uri.path().len() {
        let with_query = match uri.query() {
            Some(query) => format!("{rest}?{query}"),
            None => rest.to_owned(),
        };
        let parsed = with_query.parse().map_err(|e| Fault::invalid(format!("invalid path: {e}")))?;
        *request.uri_mut() = parsed;
    }
    request.extensions_mut().insert(version);
    Ok(request)
}
