//! What was found damaged and moved out of the way: it is told of, and goes with a prune of its kind.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;

use knarr_api::system::Quarantined;
use knarr_model::{Fault, Result};
use knarr_sys::path::{Entry, Root};

use super::usage::measure;
use crate::Engine;

/// The folder below the data root.
const FOLDER: &str = "quarantine";

impl Engine {
    /// All of it, by name.
    pub(crate) fn quarantined(&self) -> Result<Vec<Quarantined>> {
        let folder = self.roots.data(FOLDER);
        let names = names(&folder).map_err(|e| Fault::io(format!("list {}", folder.display()), e))?;
        let describe = |name: String| {
            let size = i64::try_from(measure(&folder.join(&name))?).unwrap_or(i64::MAX);
            Ok(Quarantined { kind: kind(&name).to_owned(), name, size })
        };
        names.into_iter().map(describe).collect()
    }

    /// Removes what is of these kinds; the bytes that it took.
    pub(crate) fn prune_quarantine(&self, kinds: &[&str]) -> Result<u64> {
        let mut bytes = 0;
        for thing in self.quarantined()?.into_iter().filter(|thing| kinds.contains(&thing.kind.as_str())) {
            let path = self.roots.data(FOLDER).join(&thing.name);
            remove(&self.roots.data(FOLDER), &thing.name)
                .map_err(|e| Fault::io(format!("remove {}", path.display()), e))?;
            bytes += thing.size.unsigned_abs();
        }
        Ok(bytes)
    }
}

fn remove(folder: &Path, name: &str) -> io::Result<()> {
    Entry::new(Root::open(folder)?.as_fd(), name.as_ref())?.remove_tree()
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// What a name in quarantine stands for (docs/formats/roots.md).
fn kind(name: &str) -> &'static str {
    match name.split_once(['-', '.']) {
        Some(("layer", _)) => "layer",
        Some(("container", _)) => "container",
        Some(_) => "database",
        None => "blob",
    }
}
