//! `builder …`.

use super::group::group;
use super::{build, prune};

group! {
    /// Build images and manage the build cache
    verbs {
        Build(Box<build::Args>),
        Prune(prune::Builds),
    }
}
