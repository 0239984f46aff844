//! `volume export`.

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::Sink;

/// Write a volume's files to a tar archive
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] VOLUME")]
pub(crate) struct Args {
    /// To this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Name
    volume: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let sink = Sink::open(self.output.as_deref())?;
        let response = client.send(Call::get(&["volumes", &self.volume, "export"])).await?;
        sink.fill(response.into_body()).await?;
        Ok(0)
    }
}
