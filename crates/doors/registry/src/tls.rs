//! TLS for the listener.

use std::path::Path;
use std::sync::Arc;

use knarr_tls::Identity;
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// An acceptor with this certificate chain and key.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let own = Identity { certificate: certificate.to_owned(), key: key.to_owned() };
    Ok(TlsAcceptor::from(Arc::new(knarr_tls::server(&own, None)?)))
}
