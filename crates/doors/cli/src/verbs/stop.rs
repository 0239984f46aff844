//! `stop` and `restart`.

use super::each::each;
use crate::client::{Call, Client};
use crate::error::Result;

/// What both take.
#[derive(Debug, clap::Args)]
struct Flags {
    /// Signal that asks it to stop
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Seconds until it is killed; -1: never
    #[arg(short = 't', long = "timeout", visible_alias = "time", value_name = "SECONDS")]
    timeout: Option<i64>,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

/// Stop running containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct StopArgs {
    #[command(flatten)]
    flags: Flags,
}

/// Stop containers and start them again
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    flags: Flags,
}

impl StopArgs {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        self.flags.post_each(client, "stop").await
    }
}

impl RestartArgs {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        self.flags.post_each(client, "restart").await
    }
}

impl Flags {
    async fn post_each(&self, client: &Client, verb: &str) -> Result<u8> {
        each(&self.containers, async |id| {
            let call = Call::post(&["containers", &id, verb]).maybe("signal", self.signal.as_ref());
            client.done(call.maybe("t", self.timeout.map(|t| t.to_string()))).await?;
            Ok(id)
        })
        .await
    }
}
