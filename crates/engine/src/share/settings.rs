//! What was enabled, as it is kept.

use std::path::PathBuf;

use knarr_model::{Fault, Result};
use knarr_store::Store;
use knarr_tls::Identity;
use serde::{Deserialize, Serialize};

use super::token::Token;

/// Where to share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRequest {
    /// `HOST:PORT`.
    pub address: String,
    /// PEM file of the certificate chain.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub key: Option<PathBuf>,
}

impl ShareRequest {
    /// Who the daemon is to readers, if it says so at all.
    pub(super) fn identity(&self) -> Result<Option<Identity>> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Identity { certificate: certificate.clone(), key: key.clone() })),
            _ => Err(Fault::invalid("a share's certificate and its key belong together: give both")),
        }
    }
}

/// A share that is enabled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) address: String,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) token: Token,
}

const TABLE: &str = "daemon";
const KEY: &str = "share";

impl Settings {
    pub(super) fn new(request: ShareRequest, token: Token) -> Self {
        Self { address: request.address, certificate: request.certificate, key: request.key, token }
    }

    pub(super) fn request(&self) -> ShareRequest {
        ShareRequest { address: self.address.clone(), certificate: self.certificate.clone(), key: self.key.clone() }
    }

    /// What was enabled last, and not disabled.
    pub(super) fn kept(store: &Store) -> Result<Option<Self>> {
        store.read(|tx| Ok(tx.get(TABLE, KEY)?))
    }

    pub(super) fn keep(&self, store: &Store) -> Result<()> {
        store.write(|tx| Ok(tx.put(TABLE, KEY, self)?))
    }

    pub(super) fn forget(store: &Store) -> Result<()> {
        store.write(|tx| Ok(tx.delete(TABLE, KEY).map(drop)?))
    }
}
