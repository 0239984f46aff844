//! `network …`.

mod connect;
mod create;
mod disconnect;
mod ls;
mod rm;

use super::group::group;
use super::{inspect, prune};

group! {
    /// Manage networks
    verbs {
        Connect(connect::Args),
        Create(create::Args),
        Disconnect(disconnect::Args),
        Inspect(inspect::Networks),
        #[command(visible_alias = "list")]
        Ls(ls::Args),
        Prune(prune::Networks),
        #[command(visible_alias = "remove")]
        Rm(rm::Args),
    }
}
