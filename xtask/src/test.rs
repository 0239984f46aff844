//! Everything that CI runs.

use anyhow::Result;

use crate::{lint, setup, shell, vm};

/// Set-up, lints, unit tests, then the end-to-end tests one file after the other (they count mounts, links, rules and
/// cgroups of the whole machine), then those of limits once more in a virtual machine. `only` are arguments for the test runner, for example a test's name.
pub fn run(only: &[String]) -> Result<()> {
    setup::need_root("test")?;
    setup::packages(&[setup::BUILD, setup::RUN, setup::VM])?;
    setup::musl_target()?;
    if only.is_empty() {
        lint::run()?;
    }
    shell::run("cargo", &["build", "--package", "knarr", "--package", "knarr-runtime"])?;
    if only.is_empty() {
        shell::check(shell::shim("test"))?;
    }
    let mut test = shell::command("cargo", &["test", "--workspace", "--no-fail-fast", "--"]);
    test.args(only);
    shell::check(test)?;
    if only.is_empty() { vm::run() } else { Ok(()) }
}
