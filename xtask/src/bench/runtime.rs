//! The OCI runtime alone beside other runtimes: `KNARR_BENCH_RUNTIMES='crun=crun;runc=runc'`.
//!
//! crun refuses a hybrid host; there, all of it runs in a mount namespace without the unified tree:
//! `unshare -m sh -c 'umount /sys/fs/cgroup/unified; cargo xtask bench runtime'`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::engines::{self, Engine};
use super::stats::median;
use crate::shell;

/// A bundle for `program` on a busybox, under our filter of system calls.
struct Bundle(PathBuf);

/// Prints a row for each case.
pub fn report(binary: &Path, busybox: &Path, runs: usize) -> Result<()> {
    let own = Engine::new("knarr", &[&binary.display().to_string(), "runtime"]);
    let peers = engines::named("KNARR_BENCH_RUNTIMES")?;
    let all: Vec<Engine> = std::iter::once(own).chain(peers).collect();
    let short = Bundle::make(binary, busybox, &["/bin/true"])?;
    let long = Bundle::make(binary, busybox, &["/bin/sleep", "1000"])?;
    for engine in &all {
        engine.quiet(&["run", "--detach", "--bundle", long.path(), "kb-exec"])?;
    }
    let mut cases = vec![[const { Vec::new() }; 3]; all.len()];
    for turn in 0..=runs {
        for (engine, times) in all.iter().zip(&mut cases) {
            let took = [
                engine.time(&["run", "--bundle", short.path(), "kb-run"])?,
                engine.time(&["create", "--bundle", short.path(), "kb-create"])?
                    + engine.time(&["start", "kb-create"])?
                    + engine.time(&["delete", "--force", "kb-create"])?,
                engine.time(&["exec", "kb-exec", "/bin/true"])?,
            ];
            if turn > 0 {
                times.iter_mut().zip(took).for_each(|(times, took)| times.push(took));
            }
        }
    }
    for engine in &all {
        engine.quiet(&["delete", "--force", "kb-exec"])?;
    }
    print(&all, &cases);
    Ok(())
}

fn print(all: &[Engine], cases: &[[Vec<f64>; 3]]) {
    let names: Vec<&str> = all.iter().map(Engine::name).collect();
    println!("| the runtime alone | target | {} ms | ratio to the first peer |", names.join(" ms | "));
    println!("|---|---|{}---|", "---|".repeat(names.len()));
    for (index, (what, target)) in
        [("run true", 0.4), ("create, start, delete", 0.5), ("exec true", 0.5)].iter().enumerate()
    {
        let medians: Vec<f64> = cases.iter().map(|times| median(times[index].clone())).collect();
        let ratio = medians.get(1).map_or("–".into(), |peer| format!("{:.2}", medians[0] / peer));
        let cells: Vec<String> = medians.iter().map(|ms| format!("{ms:.1}")).collect();
        println!("| {what} | ≤ {target} | {} | {ratio} |", cells.join(" | "));
    }
}

impl Bundle {
    fn make(binary: &Path, busybox: &Path, program: &[&str]) -> Result<Self> {
        let name = program[0].rsplit('/').next().unwrap_or_default();
        let bundle = Self(std::env::temp_dir().join(format!("knarr-bench-{}-{name}", std::process::id())));
        std::fs::create_dir_all(bundle.0.join("rootfs"))?;
        let (tar, rootfs) = (busybox.display().to_string(), bundle.0.join("rootfs").display().to_string());
        shell::run("tar", &["--extract", "--file", &tar, "--directory", &rootfs])?;
        shell::run(&binary.display().to_string(), &["runtime", "spec", "--bundle", bundle.path()])?;
        let file = bundle.0.join("config.json");
        let mut config: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        config["process"]["terminal"] = false.into();
        config["process"]["args"] = json!(program);
        config["linux"]["seccomp"] = filter()?;
        std::fs::write(file, config.to_string())?;
        Ok(bundle)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What of our policy depends on no capability, kernel or machine.
fn filter() -> Result<Value> {
    let text = std::fs::read(shell::root().join("policy/seccomp.json"))?;
    let mut policy: Value = serde_json::from_slice(&text)?;
    let rules = policy["syscalls"].as_array_mut().context("policy/seccomp.json has no rules")?;
    rules.retain(|rule| rule.get("includes").is_none() && rule.get("excludes").is_none());
    Ok(json!({
        "defaultAction": policy["defaultAction"],
        "defaultErrnoRet": policy["defaultErrnoRet"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": policy["syscalls"],
    }))
}
