//! Memory of our daemon and shims, and of the whole machine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::engines::{Engine, Engines};
use super::stats::median;
use crate::shell;

/// Containers that sleep while it is counted.
const SLEEPERS: usize = 100;
/// How often they are made anew: others work on the machine too.
const ROUNDS: usize = 3;
/// How long the kernel may take to settle.
const SETTLE: Duration = Duration::from_secs(3);

/// Prints the daemon's resident memory, a shim's private memory, and what a sleeping container costs the machine, in MiB.
pub fn report(engines: &Engines) -> Result<()> {
    let own = engines.own();
    own.make_containers(SLEEPERS)?;
    let daemon = field(engines.daemon_pid(), "status", "VmRSS:")?;
    let shims = shims(engines.folder())?;
    let private: u64 = shims.iter().map(|pid| private_kib(*pid)).sum::<Result<u64>>()?;
    own.remove_containers()?;
    println!("| {}: daemon, resident, after the cases | ≤ 20 MiB | {:.1} MiB | |", own.name(), mib(daemon));
    println!(
        "| {} shim, private memory ({} of them) | ≤ 0.06 MiB | {:.3} MiB | |",
        own.name(),
        shims.len(),
        mib(private / shims.len().max(1) as u64)
    );
    let each = engines.all().iter().map(machine).collect::<Result<Vec<_>>>()?;
    let row = |index: usize| each.iter().map(|cost| format!("{:.2} MiB", cost[index])).collect::<Vec<_>>().join(" | ");
    println!("| whole machine, a sleeping container (of {SLEEPERS}) | ≤ 0.3 MiB | {} | |", row(0));
    println!("| of that the kernel's own | – | {} | |", row(1));
    Ok(())
}

/// What the machine has less while containers of an engine sleep, and what the kernel alone takes for them: for each of them, the medians of
/// some rounds, in MiB. The first is disturbed by whatever else works on the machine, the second hardly.
fn machine(engine: &Engine) -> Result<[f64; 2]> {
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        std::thread::sleep(SETTLE);
        let before = taken()?;
        engine.make_containers(SLEEPERS)?;
        std::thread::sleep(SETTLE);
        let after = taken()?;
        engine.remove_containers()?;
        for ((round, before), after) in rounds.iter_mut().zip(before).zip(after) {
            round.push((after - before) / SLEEPERS as f64);
        }
    }
    Ok(rounds.map(median))
}

/// MiB that would not come back by dropping caches, and those of the kernel among them (proc_meminfo(5)).
fn taken() -> Result<[f64; 2]> {
    let sum = |names: &[&str]| names.iter().map(|name| value("/proc/meminfo", name)).sum::<Result<u64>>().map(mib);
    let back = sum(&["MemFree:", "Buffers:", "Cached:", "SReclaimable:"])?;
    let all = sum(&["MemTotal:", "Shmem:"])? - back;
    Ok([all, sum(&["SUnreclaim:", "KernelStack:", "PageTables:", "Percpu:"])?])
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
    value(&format!("/proc/{pid}/{file}"), name)
}

fn value(file: &str, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(file)?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("{file} has no {name}"))?;
    Ok(line.split_whitespace().next().context("empty")?.parse()?)
}
