//! `image …`.

use clap::{Args, Subcommand};

use super::*;
use crate::client::Client;
use crate::error::Result;

/// Manage images
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "knarr image COMMAND")]
pub(crate) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(Box<build::Args>),
    History(history::Args),
    Import(import::Args),
    Inspect(inspect::OneKindArgs),
    Load(load::Args),
    #[command(visible_alias = "list")]
    Ls(images::Args),
    Prune(prune::AllArgs),
    Pull(pull::Args),
    Push(push::Args),
    #[command(visible_alias = "remove")]
    Rm(rmi::Args),
    Save(save::Args),
    Tag(tag::Args),
}

impl Group {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match self.verb {
            Verb::Build(args) => args.run(client).await,
            Verb::History(args) => args.run(client).await,
            Verb::Import(args) => args.run(client).await,
            Verb::Inspect(args) => args.run(client, "image").await,
            Verb::Load(args) => args.run(client).await,
            Verb::Ls(args) => args.run(client).await,
            Verb::Prune(args) => args.images(client).await,
            Verb::Pull(args) => args.run(client).await,
            Verb::Push(args) => args.run(client).await,
            Verb::Rm(args) => args.run(client).await,
            Verb::Save(args) => args.run(client).await,
            Verb::Tag(args) => args.run(client).await,
        }
    }
}
