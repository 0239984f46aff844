//! `network rm`.

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::verbs::each::each;

/// Remove networks
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] NETWORK [NETWORK...]")]
pub(crate) struct Args {
    /// No error where a network is not there
    #[arg(short, long)]
    force: bool,
    /// Names or ids
    #[arg(value_name = "NETWORK", required = true)]
    networks: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        each(&self.networks, async |name| match client.done(Call::delete(&["networks", &name])).await {
            Err(error) if self.force && error.is_not_found() => Err(Error::Silent(0)),
            done => done.map(|()| name),
        })
        .await
    }
}
