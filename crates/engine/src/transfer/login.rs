//! `login`: are these credentials good?

use knarr_model::Result;
use knarr_transfer::{Credentials, registry_of};

use crate::Engine;

impl Engine {
    /// Shows the credentials to the registry at `address` (`host[:port]` or a URL; empty is Docker Hub). Nothing is kept: that
    /// is the client's. [`knarr_model::Kind::Unauthorized`] where they are wrong.
    pub async fn login(&self, address: &str, who: &Credentials) -> Result<()> {
        self.registries()?.login(registry_of(address), who).await
    }
}
