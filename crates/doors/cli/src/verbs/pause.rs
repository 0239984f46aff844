//! `pause` and `unpause`.

use super::each::each;
use crate::client::{Call, Client};
use crate::error::Result;

/// Freeze all processes of containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER [CONTAINER...]")]
pub(crate) struct PauseArgs {
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

/// Thaw the processes of paused containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER [CONTAINER...]")]
pub(crate) struct UnpauseArgs {
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl PauseArgs {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        post_each(client, &self.containers, "pause").await
    }
}

impl UnpauseArgs {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        post_each(client, &self.containers, "unpause").await
    }
}

async fn post_each(client: &Client, containers: &[String], verb: &str) -> Result<u8> {
    each(containers, async |id| {
        client.done(Call::post(&["containers", &id, verb])).await?;
        Ok(id)
    })
    .await
}
