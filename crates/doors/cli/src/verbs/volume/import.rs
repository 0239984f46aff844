//! `volume import`.

use crate::client::{Call, Client, body_of_file};
use crate::error::Result;

/// Put the files of a tar archive into a volume
#[derive(Debug, clap::Args)]
#[command(override_usage = "VOLUME [FILE|-]")]
#[command(after_help = "What the archive has replaces what is there; the rest stays.

Example:
  knarr volume export data | ssh other knarr volume import data")]
pub(crate) struct Args {
    /// Name
    volume: String,
    /// The archive, plain or compressed; - or none for stdin
    #[arg(value_name = "FILE|-")]
    source: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let body = body_of_file(self.source.as_deref().unwrap_or("-")).await?;
        client.done(Call::post(&["volumes", &self.volume, "import"]).tar(body)).await?;
        Ok(0)
    }
}
