//! Side by side with other engines, in one run: ratios, not times, are what counts on noisy machines.

mod cases;
mod engines;
mod memory;
mod runtime;
mod stats;
mod tree;

use anyhow::Result;

use crate::{dist, setup, shell};
use engines::Engines;

/// Times the static binary (or `KNARR_BIN`, where one is built already) beside the peers. `parts` picks cases by name; `KNARR_BENCH_RUNS` is
/// how often each is run (default 25).
pub fn run(parts: &[String]) -> Result<()> {
    setup::need_root("bench")?;
    setup::packages(&[setup::BUILD, setup::DIST, setup::RUN])?;
    let binary = std::env::var_os("KNARR_BIN").map_or_else(dist::run, |path| Ok(path.into()))?;
    let busybox = shell::busybox_tar()?;
    let engines = Engines::start(&binary, &busybox)?;
    let runs = std::env::var("KNARR_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(25);
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()));
    println!("| what | target | {} ms | ratio to docker |", engines.names().join(" ms | "));
    println!("|---|---|{}---|", "---|".repeat(engines.names().len()));
    for case in cases::all().iter().filter(|case| wanted(case.name)) {
        println!("{}", cases::row(case, &engines, runs)?);
    }
    if wanted("tree") {
        tree::report(&engines, runs)?;
    }
    if wanted("memory") {
        memory::report(&engines)?;
    }
    drop(engines);
    if wanted("runtime") {
        runtime::report(&binary, &busybox, runs)?;
    }
    if wanted("walk") {
        memory::walk(&binary)?;
    }
    Ok(())
}
