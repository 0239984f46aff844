//! `network …`.

mod connect;
mod create;
mod disconnect;
mod ls;
mod rm;

use clap::{Args, Subcommand};

use super::{inspect, prune};
use crate::client::Client;
use crate::error::Result;

/// Manage networks
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "knarr network COMMAND")]
pub(crate) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Connect(connect::Args),
    Create(create::Args),
    Disconnect(disconnect::Args),
    Inspect(inspect::OneKindArgs),
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    Prune(prune::Args),
    #[command(visible_alias = "remove")]
    Rm(rm::Args),
}

impl Group {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match self.verb {
            Verb::Connect(args) => args.run(client).await,
            Verb::Create(args) => args.run(client).await,
            Verb::Disconnect(args) => args.run(client).await,
            Verb::Inspect(args) => args.run(client, "network").await,
            Verb::Ls(args) => args.run(client).await,
            Verb::Prune(args) => args.networks(client).await,
            Verb::Rm(args) => args.run(client).await,
        }
    }
}
