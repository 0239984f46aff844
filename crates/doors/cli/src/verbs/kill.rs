//! `kill`.

use super::each::each;
use crate::client::{Call, Client};
use crate::error::Result;

/// Send a signal to running containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct Args {
    /// The signal, by name or number (default KILL)
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        each(&self.containers, async |id| {
            client.done(Call::post(&["containers", &id, "kill"]).maybe("signal", self.signal.as_ref())).await?;
            Ok(id)
        })
        .await
    }
}
