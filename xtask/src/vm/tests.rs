//! What is run in the guest.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::kernel::Kernel;
use crate::shell;

/// Package, test program, and the tests of it by name (none: all), or flags.
const TESTS: &[(&str, &str, &[&str])] = &[
    ("knarr-cgroups", "host", &[]),
    ("knarr-network", "kernel", &["publish::a_port_answers_on_every_address_of_the_host"]),
    ("knarr-e2e", "limits", &[]),
    ("knarr-e2e", "apparmor", &["--include-ignored"]),
    ("knarr-runtime-cases", "cases", &["::apparmor::"]),
    ("knarr-e2e", "networks", &["modes_none_host_and_container"]),
];

/// Variables that the tests and the programs they call read.
const KEPT: [&str; 3] = ["HOME", "PATH", "XDG_CACHE_HOME"];

/// Writes the commands that the guest's first process runs, and says where they are.
pub fn plan(kernel: &Kernel) -> Result<PathBuf> {
    let mut text = format!("MODULES='{}'\n", kernel.modules().display());
    for name in KEPT {
        if let Ok(value) = std::env::var(name) {
            writeln!(text, "export {name}='{value}'")?;
        }
    }
    writeln!(text, "tests() {{")?;
    let built = built()?;
    for (package, program, names) in TESTS {
        let path = built.iter().find_map(|artifact| executable(artifact, package, program));
        let path = path.with_context(|| format!("cargo built no test {program} of {package}"))?;
        writeln!(text, "    run '{path}' --test-threads=1 {}", names.join(" "))?;
    }
    writeln!(text, "}}")?;
    let folder = shell::target_dir().join("vm");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("plan.sh");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Cargo's messages about all test programs of the workspace, built as `cargo xtask test` builds them.
fn built() -> Result<Vec<Value>> {
    let mut cargo = shell::command("cargo", &["test", "--workspace", "--no-run", "--quiet", "--message-format=json"]);
    let output = cargo.stderr(std::process::Stdio::inherit()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cannot build the tests");
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn executable<'a>(artifact: &'a Value, package: &str, program: &str) -> Option<&'a str> {
    let id = artifact["package_id"].as_str()?;
    let target = &artifact["target"];
    let wanted = id.contains(&format!("#{package}@")) && target["name"] == program && target["kind"][0] == "test";
    artifact["executable"].as_str().filter(|_| wanted)
}
