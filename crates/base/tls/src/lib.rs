//! TLS from PEM files, for whoever listens and for the command line: rustls on *ring*, TLS 1.2 and 1.3, HTTP/1.1.
//!
//! Main functions: [`server`] and [`client`]. An [`Error`] names the file that is wrong.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore};

pub use rustls::ServerConfig;

/// What is spoken above TLS.
const PROTOCOL: &[u8] = b"http/1.1";

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {} for TLS: {reason}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

impl Error {
    fn of(path: &Path) -> impl Fn(String) -> Self {
        move |reason| Self { path: path.to_owned(), reason }
    }
}

/// PEM files of a certificate chain and of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, the own certificate first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// The settings of a listener. With `clients` only those are let in who show a certificate of an authority in that file.
pub fn server(own: &Identity, clients: Option<&Path>) -> Result<ServerConfig, Error> {
    let (chain, key) = own.read()?;
    let bad = Error::of(&own.key);
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(e.to_string()))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let roots = Arc::new(authorities(file)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| Error::of(file)(e.to_string()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|e| bad(e.to_string()))?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// The settings of a client that believes the authorities in a file, and shows a certificate of its own.
pub fn client(servers: &Path, own: &Identity) -> Result<ClientConfig, Error> {
    let (chain, key) = own.read()?;
    let bad = Error::of(&own.key);
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(e.to_string()))?;
    let builder = builder.with_root_certificates(authorities(servers)?);
    let mut config = builder.with_client_auth_cert(chain, key).map_err(|e| bad(e.to_string()))?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// The certificates in a PEM file: one at least.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|e| Error::of(path)(e.to_string()))?;
    if found.is_empty() {
        return Err(Error::of(path)("there is no certificate in it".into()));
    }
    Ok(found)
}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| Error::of(&self.key)(e.to_string()))?;
        Ok((certificates(&self.certificate)?, key))
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| Error::of(path)(e.to_string()))?;
    }
    Ok(roots)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            dir.path().join(name)
        };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = put("cert.pem", &made.cert.pem());
        let good =
            Identity { certificate: certificate.clone(), key: put("key.pem", &made.signing_key.serialize_pem()) };
        assert!(server(&good, None).is_ok() && server(&good, Some(&certificate)).is_ok());
        assert!(client(&certificate, &good).is_ok());
        let empty = put("empty.pem", "");
        let keyless = Identity { key: empty.clone(), ..good.clone() };
        assert_eq!(server(&keyless, None).unwrap_err().path, empty);
        assert_eq!(client(&empty, &good).unwrap_err().reason, "there is no certificate in it");
        let missing = Identity { certificate: dir.path().join("missing.pem"), ..good };
        assert!(server(&missing, None).unwrap_err().to_string().contains("missing.pem"));
    }
}
