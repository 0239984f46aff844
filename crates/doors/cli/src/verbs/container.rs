//! `container …`.

use clap::{Args, Subcommand};

use super::*;
use crate::client::Client;
use crate::error::Result;

/// Manage containers
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, override_usage = "knarr container COMMAND")]
pub(crate) struct Group {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Attach(attach::Args),
    Commit(commit::Args),
    Cp(cp::Args),
    Create(Box<create::Args>),
    Diff(diff::Args),
    Exec(exec::Args),
    Export(export::Args),
    Inspect(inspect::OneKindArgs),
    Kill(kill::Args),
    Logs(logs::Args),
    #[command(visible_aliases = ["list", "ps"])]
    Ls(ps::Args),
    Pause(pause::PauseArgs),
    Port(port::Args),
    Prune(prune::Args),
    Rename(rename::Args),
    Restart(restart::Args),
    #[command(visible_alias = "remove")]
    Rm(rm::Args),
    Run(Box<run::Args>),
    Start(start::Args),
    Stats(stats::Args),
    Stop(stop::Args),
    Top(top::Args),
    Unpause(pause::UnpauseArgs),
    Update(update::Args),
    Wait(wait::Args),
}

impl Group {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        match self.verb {
            Verb::Attach(args) => args.run(client).await,
            Verb::Commit(args) => args.run(client).await,
            Verb::Cp(args) => args.run(client).await,
            Verb::Create(args) => args.run(client).await,
            Verb::Diff(args) => args.run(client).await,
            Verb::Exec(args) => args.run(client).await,
            Verb::Export(args) => args.run(client).await,
            Verb::Inspect(args) => args.run(client, "container").await,
            Verb::Kill(args) => args.run(client).await,
            Verb::Logs(args) => args.run(client).await,
            Verb::Ls(args) => args.run(client).await,
            Verb::Pause(args) => args.run(client).await,
            Verb::Port(args) => args.run(client).await,
            Verb::Prune(args) => args.containers(client).await,
            Verb::Rename(args) => args.run(client).await,
            Verb::Restart(args) => args.run(client).await,
            Verb::Rm(args) => args.run(client).await,
            Verb::Run(args) => args.run(client).await,
            Verb::Start(args) => args.run(client).await,
            Verb::Stats(args) => args.run(client).await,
            Verb::Stop(args) => args.run(client).await,
            Verb::Top(args) => args.run(client).await,
            Verb::Unpause(args) => args.run(client).await,
            Verb::Update(args) => args.run(client).await,
            Verb::Wait(args) => args.run(client).await,
        }
    }
}
