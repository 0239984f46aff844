//! `system …`.

use super::group::group;
use super::{events, info, prune, system_df};

group! {
    /// Look after the daemon
    verbs {
        Df(system_df::Args),
        Events(events::Args),
        Info(info::Args),
        Prune(prune::Everything),
    }
}
