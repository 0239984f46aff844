//! Side by side with other engines.

use anyhow::{Result, bail};

use crate::{dist, setup, shell};

/// Builds the static binary and times it beside the engines that the bench folder sets up, in one run.
pub fn run(parts: &[String]) -> Result<()> {
    setup::need_root("bench")?;
    let binary = dist::run()?;
    let script = shell::root().join("bench/side-by-side");
    if !script.is_file() {
        bail!("{} is missing", script.display());
    }
    let mut command = shell::command(&script.to_string_lossy(), &[]);
    command.arg(binary).args(parts);
    shell::check(command)
}
