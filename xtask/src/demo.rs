//! The main job, shown.

use anyhow::Result;

use crate::{setup, shell};

/// Set-up, build, then the walk of `knarr-e2e` told step by step.
pub fn run() -> Result<()> {
    setup::need_root("demo")?;
    setup::packages(&[setup::BUILD, setup::RUN])?;
    setup::musl_target()?;
    shell::run("cargo", &["build", "--quiet", "--package", "knarr"])?;
    shell::run("cargo", &["run", "--quiet", "--package", "knarr-e2e", "--bin", "demo"])
}
