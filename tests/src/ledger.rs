//! What must be the same before and after.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::process::wait_for;

/// How long the kernel may take to clean up behind a process.
const SETTLE: Duration = Duration::from_secs(5);

/// Everything of the kernel's that an engine may leave behind, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger(BTreeSet<String>);

impl Ledger {
    /// Counts the whole machine: mounts, links, firewall rules, cgroups, network namespaces, processes of ours.
    pub fn count() -> Self {
        let mut lines = BTreeSet::new();
        lines.extend(prefixed("mount", mounts()));
        lines.extend(prefixed("link", links()));
        lines.extend(prefixed("rule", tables()));
        lines.extend(prefixed("cgroup", cgroups()));
        let (namespaces, processes) = processes();
        lines.extend(prefixed("netns", namespaces));
        lines.extend(prefixed("process", processes));
        Self(lines)
    }

    /// Counts what belongs to one host: whatever names its bridge or its folder.
    pub fn of_host(bridge: &str, folder: &Path) -> Self {
        let folder = folder.to_string_lossy().into_owned();
        let own = |line: &String| line.contains(bridge) || line.contains(&folder);
        Self(Self::count().0.into_iter().filter(own).collect())
    }

    /// Fails where `count` goes on to find anything that was not in `before`. The kernel takes namespaces and what is in them apart after the
    /// last process has gone, so it gets a few seconds.
    pub fn must_settle_to(before: &Self, count: impl Fn() -> Self) -> Result<()> {
        let mut left = BTreeSet::new();
        let settled = wait_for("nothing is left behind", SETTLE, || {
            left = count().0.difference(&before.0).cloned().collect();
            left.is_empty()
        });
        settled.map_err(|_| anyhow::anyhow!("left behind: {left:#?}"))
    }

    /// A ledger without anything.
    pub fn empty() -> Self {
        Self(BTreeSet::new())
    }
}

fn prefixed(kind: &'static str, lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(move |line| format!("{kind} {line}"))
}

fn mounts() -> Vec<String> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines().filter_map(|line| line.split(' ').nth(4)).map(str::to_owned).collect()
}

fn links() -> Vec<String> {
    let entries = std::fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn tables() -> Vec<String> {
    let output = Command::new("nft").args(["list", "tables"]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn cgroups() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.push(entry.path().to_string_lossy().into_owned());
                folders.push(entry.path());
            }
        }
    }
    found
}

/// Network namespaces that some process is in, and the processes that are ours.
fn processes() -> (Vec<String>, Vec<String>) {
    let (mut namespaces, mut ours) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(namespace) = std::fs::read_link(path.join("ns/net")) else { continue };
        namespaces.push(namespace.to_string_lossy().into_owned());
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let names = ["knarr-shim", "knarr runtime", "knarr daemon", "knarr-runtime", "containerd-shim-knarr"];
        if names.iter().any(|name| line.contains(name)) {
            ours.push(format!("{} {line}", entry.file_name().to_string_lossy()));
        }
    }
    (namespaces, ours)
}
