//! `diff`.

use knarr_api::container::{Change, change};

use crate::client::{Call, Client};
use crate::error::Result;
use crate::output;

/// List what a container has changed in its files
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER")]
#[command(after_help = "A: added, C: changed, D: deleted.")]
pub(crate) struct Args {
    /// Name or id
    container: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let changes: Option<Vec<Change>> = client.json(Call::get(&["containers", &self.container, "changes"])).await?;
        for found in changes.unwrap_or_default() {
            let letter = match found.kind {
                change::ADDED => 'A',
                change::DELETED => 'D',
                _ => 'C',
            };
            output::line(format!("{letter} {}", found.path))?;
        }
        Ok(0)
    }
}
