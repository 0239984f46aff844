//! The steps at which a test can kill a daemon or a shim.

use std::collections::BTreeSet;
use std::path::Path;

/// The names of all failpoints in the source that are wanted.
pub fn failpoints(of: impl Fn(&str) -> bool) -> BTreeSet<String> {
    found(|name, _| of(name))
}

/// Those of them at which the disk can refuse.
pub fn disk_failpoints() -> BTreeSet<String> {
    found(|_, rest| rest.starts_with(", io)"))
}

/// The names that are wanted by themselves and by what stands behind them.
fn found(of: impl Fn(&str, &str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let calls = text.split("failpoint!(\"").skip(1).filter_map(|rest| rest.split_once('"'));
                found.extend(calls.filter(|(name, rest)| of(name, rest)).map(|(name, _)| name.to_owned()));
            }
        }
    }
    found
}
