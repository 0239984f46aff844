//! `container …`.

use super::group::group;
use super::*;

group! {
    /// Manage containers
    verbs {
        Attach(attach::Args),
        Commit(commit::Args),
        Cp(cp::Args),
        Create(Box<create::Args>),
        Diff(diff::Args),
        Exec(exec::Args),
        Export(export::Args),
        Inspect(inspect::Containers),
        Kill(kill::Args),
        Logs(logs::Args),
        #[command(visible_aliases = ["list", "ps"])]
        Ls(ps::Args),
        Pause(pause::PauseArgs),
        Port(port::Args),
        Prune(prune::Containers),
        Rename(rename::Args),
        Restart(stop::RestartArgs),
        #[command(visible_alias = "remove")]
        Rm(rm::Args),
        Run(Box<run::Args>),
        Start(start::Args),
        Stats(stats::Args),
        Stop(stop::StopArgs),
        Top(top::Args),
        Unpause(pause::UnpauseArgs),
        Update(update::Args),
        Wait(wait::Args),
    }
}
