//! `network disconnect`.

use knarr_api::network::DisconnectRequest;

use crate::client::{Call, Client};
use crate::error::Result;

/// Disconnect a container from a network
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NETWORK CONTAINER")]
pub(crate) struct Args {
    /// Also where the container has gone
    #[arg(short, long)]
    force: bool,
    /// The network
    network: String,
    /// The container
    container: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let request = DisconnectRequest { container: self.container, force: self.force };
        client.done(Call::post(&["networks", &self.network, "disconnect"]).body(&request)).await?;
        Ok(0)
    }
}
