//! A found path to the items below it.

use std::path::{Path, PathBuf};

use knarr_ignore::Ignore;

use super::find::Found;
use super::{Group, ITEM_LIMIT, Item, SelectError, Selection};
use crate::op::CopyOp;
use crate::tree::{FileKind, Tree};

type Result<T> = std::result::Result<T, SelectError>;

/// Adds the group of a found path.
pub(super) fn take(
    found: &Found,
    op: &CopyOp,
    tree: &dyn Tree,
    excludes: &Ignore,
    selection: &mut Selection,
) -> Result<()> {
    let is_folder = found.metadata.kind == FileKind::Folder;
    let name = found.path.file_name().map(PathBuf::from).unwrap_or_default();
    if !is_folder && (excluded(excludes, &name) || excluded(excludes, &found.path)) {
        return Ok(());
    }
    let mut items = Vec::new();
    if op.parents {
        ancestors(found, tree, &mut items)?;
    }
    let prefix = if op.parents { found.kept.as_path() } else { Path::new("") };
    match is_folder {
        true => walk(found, prefix, tree, excludes, &mut items, &mut selection.skipped)?,
        false if op.parents => items.push(Item::of(found.kept.clone(), &found.path, &found.metadata)),
        false => {
            selection.groups.push(Group::File(Item::of(name, &found.path, &found.metadata)));
            return Ok(());
        }
    }
    selection.groups.push(Group::Folder(items));
    Ok(())
}

/// The folders that `--parents` makes, the uppermost first; the found folder itself is one of them.
fn ancestors(found: &Found, tree: &dyn Tree, items: &mut Vec<Item>) -> Result<()> {
    let dropped = found.path.components().count() - found.kept.components().count();
    let root: PathBuf = found.path.components().take(dropped).collect();
    let mut kept = PathBuf::new();
    for component in found.kept.components() {
        kept.push(component);
        let path = root.join(&kept);
        match tree.metadata(&path, true)? {
            Some(metadata) if metadata.kind == FileKind::Folder => items.push(Item::of(kept.clone(), &path, &metadata)),
            _ => {}
        }
    }
    Ok(())
}

/// All below a folder, each item behind the folder it lies in. Links are taken as links.
fn walk(
    found: &Found,
    prefix: &Path,
    tree: &dyn Tree,
    excludes: &Ignore,
    items: &mut Vec<Item>,
    skipped: &mut usize,
) -> Result<()> {
    let mut pending = vec![PathBuf::new()];
    while let Some(folder) = pending.pop() {
        let mut names = tree.list(&found.path.join(&folder))?;
        names.sort();
        let mut inner = Vec::new();
        for name in names {
            let relative = folder.join(name);
            let path = found.path.join(&relative);
            let Some(metadata) = tree.metadata(&path, false)? else { continue };
            let out = excluded(excludes, &relative);
            match metadata.kind {
                FileKind::Special => *skipped += usize::from(!out),
                FileKind::Folder if out && !excludes.reopens(&relative.to_string_lossy()) => {}
                kind => {
                    if kind == FileKind::Folder {
                        inner.push(relative.clone());
                    }
                    if !out {
                        items.push(Item::of(prefix.join(&relative), &path, &metadata));
                    }
                }
            }
            if items.len() > ITEM_LIMIT {
                return Err(SelectError::Source(format!("more than {ITEM_LIMIT} files in one step")));
            }
        }
        pending.extend(inner.into_iter().rev());
    }
    Ok(())
}

fn excluded(excludes: &Ignore, path: &Path) -> bool {
    !excludes.is_empty() && excludes.excludes(&path.to_string_lossy())
}
