//! TCP for remote clients: mutual TLS only, and nothing that a web page can use.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};
use knarr_model::{Fault, Kind, Result};
use knarr_tls::Identity;
use rustix::net::sockopt;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A client must have shown its certificate after this long.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A silent client is asked whether it is still there after this long, and then so often.
const ASK_AFTER: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_secs(10);
const ASK_TIMES: u32 = 3;

/// Listens on TCP for clients who show a certificate.
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    guard: Arc<Guard>,
}

impl TlsListener {
    /// Serves `tcp` as `own`, to clients with a certificate of an authority in the file `clients`.
    pub fn new(tcp: TcpListener, own: &Identity, clients: &std::path::Path) -> Result<Self> {
        let wrong = |error: knarr_tls::Error| Fault::invalid("cannot set up TLS").because(error);
        let config = knarr_tls::server(own, Some(clients)).map_err(wrong)?;
        let certificate = knarr_tls::certificates(&own.certificate).map_err(wrong)?.swap_remove(0);
        Ok(Self { tcp, acceptor: TlsAcceptor::from(Arc::new(config)), guard: Arc::new(Guard { certificate }) })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The next connection, not yet greeted.
    pub(crate) async fn accept(&self) -> io::Result<Greeting> {
        let (socket, _) = self.tcp.accept().await?;
        keep_alive(&socket)?;
        Ok(Greeting { socket, acceptor: self.acceptor.clone(), guard: self.guard.clone() })
    }
}

/// A client that hides a lost line would hold its place for ever.
fn keep_alive(socket: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, ASK_AFTER)?;
    sockopt::set_tcp_keepintvl(socket, ASK_EVERY)?;
    Ok(sockopt::set_tcp_keepcnt(socket, ASK_TIMES)?)
}

/// A connection that has to be greeted.
pub(crate) struct Greeting {
    pub(crate) socket: TcpStream,
    acceptor: TlsAcceptor,
    pub(crate) guard: Arc<Guard>,
}

impl Greeting {
    /// The client shows its certificate.
    pub(crate) async fn shake_hands(self) -> io::Result<TlsStream<TcpStream>> {
        tokio::time::timeout(HANDSHAKE, self.acceptor.accept(self.socket)).await.map_err(io::Error::from)?
    }
}

/// Keeps web pages out, whose browser may hold a certificate (flaw row 43).
pub(crate) struct Guard {
    certificate: CertificateDer<'static>,
}

impl Guard {
    /// Refuses what a browser sends for a page, and names that a page may have bent to our address: `Host` must be an
    /// address, or a name of our certificate.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<()> {
        if headers.contains_key(header::ORIGIN) {
            return Err(Fault::new(Kind::Forbidden, "requests of web pages (with an Origin header) are refused"));
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if self.knows(name_of(host)) {
            return Ok(());
        }
        let text = format!("the Host header {host:?} is neither an address nor a name of the daemon's certificate");
        Err(Fault::new(Kind::Forbidden, text))
    }

    fn knows(&self, name: &str) -> bool {
        if name.parse::<IpAddr>().is_ok() || name == "localhost" {
            return true;
        }
        let certificate = ParsedCertificate::try_from(&self.certificate);
        let name = ServerName::try_from(name);
        certificate.is_ok_and(|certificate| name.is_ok_and(|name| verify_server_name(&certificate, &name).is_ok()))
    }
}

/// The host of `host:port`, `[::1]:port` or either without a port.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_addresses_and_own_names_are_hosts_and_pages_are_refused() {
        let made = rcgen::generate_simple_self_signed(["box.lan".to_owned()]).unwrap();
        let guard = Guard { certificate: made.cert.der().clone() };
        let ask = |host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            guard.admit(&headers).map_err(|fault| fault.kind())
        };
        for host in ["127.0.0.1:2376", "[::1]:2376", "10.0.0.1", "localhost:1", "box.lan:2376", "BOX.lan"] {
            assert_eq!(ask(host, None), Ok(()), "{host}");
        }
        for host in ["evil.example:2376", "", "box.lan.evil.example", "a b"] {
            assert_eq!(ask(host, None), Err(Kind::Forbidden), "{host}");
        }
        assert_eq!(ask("127.0.0.1:2376", Some("http://evil.example")), Err(Kind::Forbidden));
    }
}
