//! Which servers are believed: the usual rules, and certificates that were configured themselves.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The usual verification. A server may also show a certificate that the caller configured itself: the self-signed ones
/// of small registries say that they are authorities, which the usual rules do not accept of a server. Its name must
/// still be right; how long it is believed is the configuration's choice. Where verification is switched off for an address,
/// any certificate will do.
#[derive(Debug)]
pub(crate) struct Trust {
    usual: Arc<WebPkiServerVerifier>,
    configured: Vec<CertificateDer<'static>>,
    blind: bool,
}

impl Trust {
    pub(crate) fn new(
        roots: RootCertStore,
        configured: Vec<CertificateDer<'static>>,
        blind: bool,
    ) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { usual: usual.map_err(|e| e.to_string())?, configured, blind })
    }

    fn is_configured(&self, shown: &CertificateDer<'_>) -> bool {
        self.configured.iter().any(|known| known.as_ref() == shown.as_ref())
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.blind {
            return Ok(ServerCertVerified::assertion());
        }
        let usual = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match usual {
            // What is left over of the usual rules' complaints is the one about authorities.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.is_configured(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}
