//! The floors: a crate depends only on floors below it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell;

/// Floors from the ground up; `sideways` says whether crates of one floor may depend on each other.
const FLOORS: &[(&str, Sideways)] = &[
    ("crates/base/", Sideways::Allowed),
    ("crates/kernel/", Sideways::Allowed),
    ("crates/rooms/", Sideways::Forbidden),
    ("crates/engine", Sideways::Forbidden),
    ("crates/doors/", Sideways::Forbidden),
    ("crates/bin/", Sideways::Forbidden),
];

/// What a floor must stay free of, with the reason.
const BANNED: &[(&str, &[&str], &str)] = &[
    ("crates/kernel/", &["tokio", "clap", "regex", "hyper"], "runtime and shim are small and synchronous"),
    ("crates/base/", &["tokio", "clap", "regex", "hyper"], "the base is plain data and the kernel's edge"),
    (
        "crates/doors/containerd-shim",
        &["tokio", "clap", "regex", "hyper", "knarr-engine"],
        "the shim stays beside containers: it is small and synchronous, and knows nothing of the engine",
    ),
    (
        "crates/doors/cli",
        &[
            "knarr-engine",
            "knarr-layers",
            "knarr-images",
            "knarr-content",
            "knarr-network",
            "knarr-volumes",
            "knarr-build",
        ],
        "the command line talks to the daemon over its socket only",
    ),
];

#[derive(Clone, Copy, PartialEq)]
enum Sideways {
    Allowed,
    Forbidden,
}

struct Crate {
    folder: String,
    dependencies: Vec<String>,
}

/// Checks every crate of the workspace.
pub fn run() -> Result<()> {
    let crates = read_crates()?;
    let mut wrong = Vec::new();
    for (name, own) in &crates {
        let Some(floor) = floor_of(&own.folder) else { continue };
        for dependency in &own.dependencies {
            for (prefix, banned, reason) in BANNED {
                if own.folder.starts_with(prefix) && banned.contains(&dependency.as_str()) {
                    wrong.push(format!("{name} depends on {dependency}, but {reason}"));
                }
            }
            let Some(below) = crates.get(dependency).and_then(|c| floor_of(&c.folder)) else { continue };
            if below > floor {
                wrong.push(format!("{name} ({}) depends upwards on {dependency}", own.folder));
            } else if below == floor && FLOORS[floor].1 == Sideways::Forbidden {
                wrong.push(format!("{name} ({}) depends sideways on {dependency}", own.folder));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("floors:\n  {}", wrong.join("\n  "));
    }
    eprintln!("floors: {} crates, all dependencies point down", crates.len());
    Ok(())
}

fn floor_of(folder: &str) -> Option<usize> {
    FLOORS.iter().position(|(prefix, _)| folder.starts_with(prefix))
}

fn read_crates() -> Result<BTreeMap<String, Crate>> {
    let root = shell::root();
    let mut crates = BTreeMap::new();
    for group in ["crates", "crates/base", "crates/kernel", "crates/rooms", "crates/doors", "crates/bin"] {
        for entry in std::fs::read_dir(root.join(group))? {
            let manifest = entry?.path().join("Cargo.toml");
            if manifest.is_file() {
                let (name, found) = read_crate(&root, &manifest)?;
                crates.insert(name, found);
            }
        }
    }
    Ok(crates)
}

fn read_crate(root: &Path, manifest: &Path) -> Result<(String, Crate)> {
    let text = std::fs::read_to_string(manifest)?;
    let document: toml::Table = text.parse().with_context(|| format!("cannot parse {}", manifest.display()))?;
    let name = document["package"]["name"].as_str().context("package.name")?.to_owned();
    let keys = |section: &str| -> Vec<String> {
        let table = document.get(section).and_then(toml::Value::as_table);
        table.map(|t| t.keys().cloned().collect()).unwrap_or_default()
    };
    let dependencies = [keys("dependencies"), keys("build-dependencies")].concat();
    let folder = manifest.parent().and_then(|p| p.strip_prefix(root).ok()).context("a crate outside the checkout")?;
    Ok((name, Crate { folder: folder.to_string_lossy().into_owned(), dependencies }))
}
