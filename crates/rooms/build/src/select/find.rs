//! A source as it is written, to paths in the tree.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use knarr_ignore::{Glob, clean};

use super::SelectError;
use crate::tree::{FileKind, Metadata, Tree};

type Result<T> = std::result::Result<T, SelectError>;

/// A path that a source means.
pub(super) struct Found {
    /// The path in the tree.
    pub path: PathBuf,
    /// What is there; links are followed.
    pub metadata: Metadata,
    /// What `--parents` keeps of the path.
    pub kept: PathBuf,
}

/// The paths that a source means, in order. A plain path must exist; a pattern must match something.
pub(super) fn find(tree: &dyn Tree, source: &str) -> Result<Vec<Found>> {
    let pivot = source.find("/./").filter(|at| *at > 0).map(|at| clean(source[..at].trim_start_matches('/')));
    let cleaned = clean(source.trim_start_matches('/'));
    if source.is_empty() || cleaned == ".." || cleaned.starts_with("../") {
        return Err(SelectError::Source(format!("forbidden path outside the build context: {source}")));
    }
    let paths = match source.contains(['*', '?', '[', '\\']) {
        true => expand(tree, &cleaned, source)?,
        false => vec![PathBuf::from(if cleaned == "." { "" } else { &cleaned })],
    };
    paths.into_iter().map(|path| look(tree, path, pivot.as_deref(), source)).collect()
}

fn look(tree: &dyn Tree, path: PathBuf, pivot: Option<&str>, source: &str) -> Result<Found> {
    let Some(metadata) = tree.metadata(&path, true)? else {
        let text = "file not found in build context or excluded by .dockerignore";
        return Err(SelectError::Source(format!("{text}: {source}")));
    };
    if metadata.kind == FileKind::Special {
        return Err(SelectError::Source(format!("{source} is a device, a socket or a pipe")));
    }
    let kept = pivot.and_then(|pivot| path.strip_prefix(pivot).ok()).unwrap_or(&path).to_owned();
    Ok(Found { path, metadata, kept })
}

/// Component by component, so that only folders on the way are listed.
fn expand(tree: &dyn Tree, pattern: &str, source: &str) -> Result<Vec<PathBuf>> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.split('/') {
        let glob = Glob::shallow(component).map_err(|error| SelectError::Source(format!("{source}: {error}")))?;
        let mut next = Vec::new();
        for folder in paths {
            let names = matching(tree, &folder, &glob)?;
            next.extend(names.into_iter().map(|name| folder.join(name)));
        }
        paths = next;
    }
    if paths.is_empty() {
        return Err(SelectError::Source(format!("no file in the build context matches {source}")));
    }
    Ok(paths)
}

fn matching(tree: &dyn Tree, folder: &Path, glob: &Glob) -> Result<Vec<OsString>> {
    let is_folder = tree.metadata(folder, true)?.is_some_and(|metadata| metadata.kind == FileKind::Folder);
    if !is_folder {
        return Ok(Vec::new());
    }
    let mut names = tree.list(folder)?;
    names.retain(|name| glob.matches(&name.to_string_lossy()));
    names.sort();
    Ok(names)
}
