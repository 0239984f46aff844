//! `rename`.

use crate::client::{Call, Client};
use crate::error::{Error, Result};

/// Give a container another name
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER NEW_NAME")]
pub(crate) struct Args {
    /// Name or id
    container: String,
    /// The new name
    new_name: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        if self.container.trim().is_empty() || self.new_name.trim().is_empty() {
            return Err(Error::invalid("Error: Neither old nor new names may be empty"));
        }
        let call = Call::post(&["containers", &self.container, "rename"]).query("name", &self.new_name);
        client.done(call).await.map_err(|error| {
            Error::invalid(format!("{error}\nError: failed to rename container named {}", self.container))
        })?;
        Ok(0)
    }
}
