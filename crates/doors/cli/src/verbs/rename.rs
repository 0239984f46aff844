//! `rename`.

use crate::client::{Call, Client};
use crate::error::Result;

/// Give a container another name
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr rename CONTAINER NEW_NAME")]
pub(crate) struct Args {
    /// Name or id
    container: String,
    /// The new name
    new_name: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        client.done(Call::post(&["containers", &self.container, "rename"]).query("name", &self.new_name)).await?;
        Ok(0)
    }
}
