//! `rm`.

use super::each::each;
use crate::client::{Call, Client};
use crate::error::{Error, Result};

/// Remove containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct Args {
    /// Also running ones: they are killed first
    #[arg(short, long)]
    force: bool,
    /// Remove the link, not the container
    #[arg(short, long)]
    link: bool,
    /// Remove anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        each(&self.containers, async |id| {
            let call = Call::delete(&["containers", id.trim_matches('/')]).flag("force", self.force);
            match client.done(call.flag("link", self.link).flag("v", self.volumes)).await {
                // What has gone is as it should be.
                Err(error) if self.force && error.is_not_found() => {
                    error.report();
                    Err(Error::Silent(0))
                }
                done => done.map(|()| id),
            }
        })
        .await
    }
}
