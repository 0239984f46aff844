//! Memory of our daemon and shims.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::engines::Engines;
use crate::shell;

const SHIMS: usize = 20;

/// Prints the daemon's resident memory and a shim's private memory, both in MiB.
pub fn report(engines: &Engines) -> Result<()> {
    let own = engines.own();
    for number in 1..=SHIMS {
        own.quiet(&["run", "-d", "--name", &format!("kb-m{number}"), "knarr-bench:1", "sleep", "100000"])?;
    }
    let daemon = field(engines.daemon_pid(), "status", "VmRSS:")?;
    let shims = shims(engines.folder())?;
    let private: u64 = shims.iter().map(|pid| private_kib(*pid)).sum::<Result<u64>>()?;
    for number in 1..=SHIMS {
        own.quiet(&["rm", "-f", &format!("kb-m{number}")])?;
    }
    println!("| {}: daemon, resident, after the cases | ≤ 20 MiB | {:.1} MiB | |", own.name(), mib(daemon));
    println!(
        "| {} shim, private memory ({} of them) | ≤ 0.3 MiB | {:.3} MiB | |",
        own.name(),
        shims.len(),
        mib(private / shims.len().max(1) as u64)
    );
    Ok(())
}

/// Walks the whole main job with the binary that is shipped; the demo tells what its daemons hold when it is over.
pub fn walk(binary: &Path) -> Result<()> {
    let mut demo = shell::command("cargo", &["run", "--quiet", "--package", "knarr-e2e", "--bin", "demo"]);
    demo.env("KNARR_BIN", binary);
    shell::check(demo)
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// The processes whose command line names the folder and that are not the daemon or a client.
fn shims(folder: &Path) -> Result<Vec<u32>> {
    let wanted = folder.join("run/shims").display().to_string();
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&wanted) {
            pids.push(pid);
        }
    }
    Ok(pids)
}

fn private_kib(pid: u32) -> Result<u64> {
    Ok(field(pid, "smaps_rollup", "Private_Clean:")? + field(pid, "smaps_rollup", "Private_Dirty:")?)
}

fn field(pid: u32, file: &str, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}"))?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("{file} has no {name}"))?;
    Ok(line.split_whitespace().next().context("empty")?.parse()?)
}
