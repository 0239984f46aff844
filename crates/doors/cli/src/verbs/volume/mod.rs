//! `volume …`.

mod create;
mod ls;
mod rm;

use clap::{Args, Subcommand};

use super::{inspect, prune};
use crate::client::Client;
use crate::error::Result;

/// Manage volumes
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "knarr volume COMMAND")]
pub(crate) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Create(create::Args),
    Inspect(inspect::OneKindArgs),
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    Prune(prune::AllArgs),
    #[command(visible_alias = "remove")]
    Rm(rm::Args),
}

impl Group {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match self.verb {
            Verb::Create(args) => args.run(client).await,
            Verb::Inspect(args) => args.run(client, "volume").await,
            Verb::Ls(args) => args.run(client).await,
            Verb::Prune(args) => args.volumes(client).await,
            Verb::Rm(args) => args.run(client).await,
        }
    }
}
