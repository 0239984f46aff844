//! The project's tasks: `cargo xtask <task>`.
//!
//! Each task does its own set-up ([`setup`]): on Debian and Ubuntu as root it installs what is missing and names it, elsewhere
//! it says exactly what to install.
#![allow(clippy::disallowed_methods, reason = "tasks run programs")]

mod bench;
mod demo;
mod dist;
mod floors;
mod fuzz;
mod lint;
mod setup;
mod shell;
mod test;
mod vm;

use anyhow::{Result, bail};

const HELP: &str = "\
Usage: cargo xtask <task>

  demo     set everything up and show the main job: build, push, pull, run, answer
  test     set everything up and run all checks and tests (what CI runs)
  vm       run the tests of limits on a virtual machine that has cgroup version 2 alone
  lint     formatting, clippy, documentation, licences
  floors   fail on a dependency that points up or sideways
  fuzz     run the fuzz targets: [TARGET…] [--minutes N] [--keep] (all of them for 10 minutes; --keep adds to fuzz/corpus)
  dist     build the static binary that is shipped (target/x86_64-unknown-linux-musl/release/knarr)
  bench    time the static binary beside other engines (needs ../shared/bench or PEERS_BENCH=DIR)
";

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let task = args.next();
    let rest: Vec<String> = args.collect();
    match task.as_deref() {
        Some("demo") => demo::run(),
        Some("test") => test::run(&rest),
        Some("vm") => vm::run(),
        Some("lint") => lint::run(),
        Some("floors") => floors::run(),
        Some("fuzz") => fuzz::run(&rest),
        Some("dist") => dist::run().map(drop),
        Some("bench") => bench::run(&rest),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("unknown task {other:?}\n\n{HELP}"),
    }
}
