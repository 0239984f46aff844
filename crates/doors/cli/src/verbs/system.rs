//! `system …`.

use clap::{Args, Subcommand};

use super::{events, info, prune, system_df};
use crate::client::Client;
use crate::error::Result;

/// Look after the daemon
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "knarr system COMMAND")]
pub(crate) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Df(system_df::Args),
    Events(events::Args),
    Info(info::Args),
    Prune(prune::SystemArgs),
}

impl Group {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match self.verb {
            Verb::Df(args) => args.run(client).await,
            Verb::Events(args) => args.run(client).await,
            Verb::Info(args) => args.run(client).await,
            Verb::Prune(args) => args.run(client).await,
        }
    }
}
