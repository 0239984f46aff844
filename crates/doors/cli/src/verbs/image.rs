//! `image …`.

use super::group::group;
use super::*;

group! {
    /// Manage images
    verbs {
        Build(Box<build::Args>),
        Diff(image_diff::Args),
        History(history::Args),
        Import(import::Args),
        Inspect(inspect::Images),
        Load(load::Args),
        #[command(visible_alias = "list")]
        Ls(images::Args),
        Prune(prune::Images),
        Pull(pull::Args),
        Push(push::Args),
        #[command(visible_alias = "remove")]
        Rm(rmi::Args),
        Save(save::Args),
        Tag(tag::Args),
        Verify(verify::Args),
        Waste(image_waste::Args),
    }
}
