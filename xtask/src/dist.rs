//! The static binary that is shipped and that the benches time.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::{setup, shell};

/// The goal for the binary's size in bytes.
const SIZE_GOAL: u64 = 20 << 20;
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds it and returns its path; fails over 20 MiB.
pub fn run() -> Result<PathBuf> {
    setup::packages(&[setup::BUILD, setup::DIST])?;
    setup::musl_target()?;
    let mut build = shell::command("cargo", &["build", "--release", "--package", "knarr", "--target", TARGET]);
    build.env("CC_x86_64_unknown_linux_musl", "musl-gcc");
    shell::check(build)?;
    let path = shell::target_dir().join(TARGET).join("release/knarr");
    let size = std::fs::metadata(&path).with_context(|| format!("cannot find {}", path.display()))?.len();
    eprintln!("{}: {:.1} MiB", path.display(), size as f64 / f64::from(1 << 20));
    if size > SIZE_GOAL {
        bail!("the binary is over its goal of {} MiB", SIZE_GOAL >> 20);
    }
    Ok(path)
}
