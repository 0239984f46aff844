//! `export`.

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;

/// Write a container's files to a tar archive
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr export [OPTIONS] CONTAINER")]
pub(crate) struct Args {
    /// To this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Name or id
    container: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        output::refuse_terminal(self.output.as_deref())?;
        let response = client.send(Call::get(&["containers", &self.container, "export"])).await?;
        output::save(response.into_body(), self.output.as_deref()).await?;
        Ok(0)
    }
}
