//! `volume …`.

mod create;
mod export;
mod import;
pub(super) mod ls;
mod rm;

use super::group::group;
use super::{inspect, prune};

group! {
    /// Manage volumes
    verbs {
        Create(create::Args),
        Export(export::Args),
        Import(import::Args),
        Inspect(inspect::Volumes),
        #[command(visible_alias = "list")]
        Ls(ls::Args),
        Prune(prune::Volumes),
        #[command(visible_alias = "remove")]
        Rm(rm::Args),
    }
}
