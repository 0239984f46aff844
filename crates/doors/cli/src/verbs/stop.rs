//! `stop`.

use super::each::each;
use crate::client::{Call, Client};
use crate::error::Result;

/// Stop running containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "knarr stop [OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct Args {
    /// Signal that asks for it
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Seconds until it is killed; -1: never
    #[arg(short = 't', long = "timeout", visible_alias = "time", value_name = "SECONDS")]
    timeout: Option<i64>,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        each(&self.containers, async |id| {
            let call = Call::post(&["containers", &id, "stop"]).maybe("signal", self.signal.as_ref());
            client.done(call.maybe("t", self.timeout.map(|t| t.to_string()))).await?;
            Ok(id)
        })
        .await
    }
}
