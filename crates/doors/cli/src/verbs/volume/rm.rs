//! `volume rm`.

use crate::client::{Call, Client};
use crate::error::Result;
use crate::verbs::each::each;

/// Remove volumes, with what is in them
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] VOLUME [VOLUME...]")]
pub(crate) struct Args {
    /// No error where a volume is not there
    #[arg(short, long)]
    force: bool,
    /// Names
    #[arg(value_name = "VOLUME", required = true)]
    volumes: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        each(&self.volumes, async |name| {
            client.done(Call::delete(&["volumes", &name]).flag("force", self.force)).await?;
            Ok(name)
        })
        .await
    }
}
