//! `logout`.

use crate::client::Client;
use crate::error::Result;
use crate::login::{ConfigFile, DOCKER_HUB, key_of};
use crate::output;

/// Forget the credentials of a registry
#[derive(Debug, clap::Args)]
#[command(override_usage = "[SERVER]")]
pub(crate) struct Args {
    /// The registry; none: Docker Hub
    server: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, _: &Client) -> Result<u8> {
        let key = self.server.as_deref().map_or(DOCKER_HUB.to_owned(), key_of);
        output::line(format!("Removing login credentials for {key}"))?;
        ConfigFile::load()?.erase(&key)?;
        Ok(0)
    }
}
