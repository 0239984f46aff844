//! HTTP to a registry: connections, TLS, deadlines. Knows nothing of authentication.

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use knarr_model::{Fault, Result as ModelResult};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::arriving::{Answer, Arriving};
use crate::client::lock;
use crate::error::Error;
use crate::hosts::{Hosts, Table, Tls};
use crate::reach::Resolver;
use crate::trust::Trust;

/// Body of every request.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
type HttpClient = Client<HttpsConnector<HttpConnector<Resolver>>, Body>;

/// For a TCP connection.
const CONNECT: Duration = Duration::from_secs(15);

/// The connection pools: those that most registries share, and those of addresses with TLS settings of their own.
#[derive(Debug)]
pub(crate) struct Wires {
    hosts: Arc<Table>,
    usual: Pools,
    own: Mutex<HashMap<String, Pools>>,
    /// A peer from which, and to which, nothing moves for this long is given up.
    silence: Duration,
}

/// Two connection pools with the same trust.
#[derive(Debug, Clone)]
struct Pools {
    any: HttpClient,
    only_public: HttpClient,
}

/// A request without a body.
pub(crate) fn no_body() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

impl Wires {
    pub(crate) fn new(hosts: Arc<Table>, silence: Duration) -> ModelResult<Self> {
        let usual = Pools::new(hosts.hosts(), &Tls::default())?;
        Ok(Self { hosts, usual, own: Mutex::default(), silence })
    }

    /// The pools for an address.
    fn pools(&self, uri: &Uri) -> Result<Pools, Error> {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let Some(tls) = self.hosts.tls(authority) else { return Ok(self.usual.clone()) };
        let mut own = lock(&self.own);
        if let Some(pools) = own.get(authority) {
            return Ok(pools.clone());
        }
        let pools = Pools::new(self.hosts.hosts(), tls)?;
        own.insert(authority.to_owned(), pools.clone());
        Ok(pools)
    }

    /// Sends a request and waits for the head of its answer, as long as something moves: `moved` counts the bytes of the
    /// body that were taken.
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
        only_public: bool,
        moved: &AtomicU64,
    ) -> Result<Answer, Error> {
        let (method, uri) = (go_method(request.method()), request.uri().clone());
        let pools = self.pools(&uri)?;
        let client = if only_public { pools.only_public } else { pools.any };
        let mut answer = Box::pin(client.request(request));
        let mut seen = moved.load(Ordering::Relaxed);
        loop {
            match tokio::time::timeout(self.silence, &mut answer).await {
                Ok(Ok(response)) => return Ok(response.map(|body| Arriving::new(body, uri, self.silence))),
                Ok(Err(error)) => return Err(explain(method, &uri, &error)),
                Err(_) if moved.load(Ordering::Relaxed) != seen => seen = moved.load(Ordering::Relaxed),
                Err(_) => return Err(broken(method, &uri, "the registry does not answer")),
            }
        }
    }
}

impl Pools {
    fn new(hosts: &Hosts, tls: &Tls) -> ModelResult<Self> {
        let tls = tls_config(hosts, tls)?;
        Ok(Self { any: pool(tls.clone(), false), only_public: pool(tls, true) })
    }
}

fn pool(tls: ClientConfig, only_public: bool) -> HttpClient {
    let mut http = HttpConnector::new_with_resolver(Resolver { only_public });
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT));
    http.set_nodelay(true);
    let https = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(8)
        .build(https.wrap_connector(http))
}

/// The system's roots, the configured files, and who we are.
fn tls_config(hosts: &Hosts, own: &Tls) -> ModelResult<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // A machine without roots can still reach registries whose CA is configured.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let mut configured = Vec::new();
    for path in hosts.ca_files.iter().chain(&own.ca) {
        configured.extend(read_file(&mut roots, path)?);
    }
    let failed = |reason: String| Fault::internal(format!("cannot set up TLS: {reason}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| failed(e.to_string()))?;
    let trust = Trust::new(roots, configured, own.skip_verify).map_err(failed)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(trust));
    let Some((certificate, key)) = own.client.first() else { return Ok(builder.with_no_client_auth()) };
    let bad = |path: &Path, reason: String| Fault::invalid(format!("cannot use {}: {reason}", path.display()));
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|e| bad(certificate, e.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| bad(key, e.to_string()))?;
    builder.with_client_auth_cert(chain, private).map_err(|e| bad(certificate, e.to_string()))
}

/// Adds a file's certificates to the roots, and says which they are.
fn read_file(roots: &mut RootCertStore, path: &Path) -> ModelResult<Vec<CertificateDer<'static>>> {
    let bad = |reason: String| Fault::invalid(format!("cannot use CA file {}: {reason}", path.display()));
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|e| bad(e.to_string()))?;
    for certificate in &found {
        roots.add(certificate.clone()).map_err(|e| bad(e.to_string()))?;
    }
    if found.is_empty() { Err(bad("there is no certificate in it".into())) } else { Ok(found) }
}

/// `Get`, as Go's client and so Docker writes it.
fn go_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "Get",
        "HEAD" => "Head",
        "POST" => "Post",
        "PATCH" => "Patch",
        _ => "Put",
    }
}

/// The address without its query, which may hold a signature.
pub(crate) fn without_query(uri: &Uri) -> String {
    format!("{}://{}{}", uri.scheme_str().unwrap_or("http"), uri.authority().map_or("", |a| a.as_str()), uri.path())
}

/// A line that broke.
pub(crate) fn broken(method: &str, uri: &Uri, reason: &str) -> Error {
    Error::Broken { method: method.to_owned(), url: without_query(uri), reason: reason.to_owned() }
}

/// Puts a connection's failure into Docker's words, with the remedy where there is one.
fn explain(method: &'static str, uri: &Uri, error: &hyper_util::client::legacy::Error) -> Error {
    let unreachable = |reason: String, hint: &str| Error::Unreachable {
        method: method.to_owned(),
        url: without_query(uri),
        reason,
        hint: hint.to_owned(),
    };
    if !error.is_connect() {
        return broken(method, uri, &causes(error));
    }
    let authority = uri.authority().map_or("", |a| a.as_str());
    let refused = find::<io::Error>(error).is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    match (find::<rustls::Error>(error), refused) {
        (Some(rustls::Error::InvalidMessage(_)), _) => unreachable(
            "http: server gave HTTP response to HTTPS client".into(),
            " (list it as an insecure registry to use plain HTTP)",
        ),
        (Some(rustls::Error::InvalidCertificate(reason)), _) => unreachable(
            format!("tls: failed to verify certificate: {reason}"),
            " (add its CA file to the configuration, or to the system's certificates)",
        ),
        (Some(other), _) => unreachable(format!("tls: {other}"), ""),
        (_, true) => {
            unreachable(format!("dial tcp {authority}: connect: connection refused"), " (is the registry running?)")
        }
        _ => unreachable(format!("dial tcp {authority}: {}", causes(error)), ""),
    }
}

/// Whether TLS was answered by something that does not speak it.
pub(crate) fn is_not_tls(error: &Error) -> bool {
    matches!(error, Error::Unreachable { reason, .. }
        if reason.starts_with("http: server gave HTTP response") || reason.contains("tls handshake eof"))
}

/// The innermost causes' text.
fn causes(error: &hyper_util::client::legacy::Error) -> String {
    let mut text = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push(cause.to_string());
        next = cause.source();
    }
    text.dedup();
    if text.is_empty() { error.to_string() } else { text.join(": ") }
}

/// Looks for a cause of type `T`. I/O errors hide what they wrap from `source`.
fn find<'a, T: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| cause.source());
    }
    None
}
