//! `builder …`.

use clap::{Args, Subcommand};

use super::{build, prune};
use crate::client::Client;
use crate::error::Result;

/// Build images and manage the build cache
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "knarr builder COMMAND")]
pub(crate) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(Box<build::Args>),
    Prune(prune::AllArgs),
}

impl Group {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match self.verb {
            Verb::Build(args) => args.run(client).await,
            Verb::Prune(args) => args.builds(client).await,
        }
    }
}
