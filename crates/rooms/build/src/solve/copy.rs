//! The source of a `COPY` or `ADD`: its tree opened, its files selected and hashed, its downloads fetched.

use std::path::PathBuf;

use knarr_model::{Digest, Fault, Hasher};

use super::Solver;
use crate::error::{BuildError, Place, Result};
use crate::op::{CopyOp, Origin};
use crate::output::Event;
use crate::ports::CopyJob;
use crate::select::{self, Content, Group, Item, Manifest, SelectError, Selection};
use crate::tree::{FileKind, Tree};

/// Files that are ready to be copied.
pub(super) struct Source<'a> {
    tree: Opened<'a>,
    groups: Vec<Group>,
    keep_owner: bool,
    pub manifest: Manifest,
}

enum Opened<'a> {
    Context(&'a dyn Tree),
    Other(Box<dyn Tree>),
}

impl Opened<'_> {
    fn get(&self) -> &dyn Tree {
        match self {
            Self::Context(tree) => *tree,
            Self::Other(tree) => tree.as_ref(),
        }
    }
}

impl<'a> Source<'a> {
    pub fn open(solver: &Solver<'a>, op: &CopyOp, place: &Place) -> Result<Self> {
        if op.checksum.is_some() && !op.sources.iter().all(|source| op.is_remote(source)) {
            return Err(refuse(SelectError::Source("--checksum needs a URL to download".to_owned()), op, place));
        }
        let tree = opened(solver, op, place)?;
        let executor = solver.ports.executor;
        let download = |url: &str| download(solver, op, url);
        let selected = select::select(op, tree.get(), &|content| executor.is_archive(content), &download);
        let Selection { groups, skipped } = selected.map_err(|error| refuse(error, op, place))?;
        if skipped > 0 {
            let text = format!("{}: {skipped} devices, sockets and pipes are not copied", op.instruction());
            solver.ports.report.event(Event::Warning(&text));
        }
        if groups.len() > 1 && !op.into_folder {
            let text = "with more than one source file, the destination must be a directory and end with a /";
            return Err(refuse(SelectError::Source(text.to_owned()), op, place));
        }
        let keep_owner = op.owner.is_none() && op.from != Origin::Context;
        let manifest = select::manifest(&groups, tree.get(), keep_owner).map_err(|fault| place.fault(fault))?;
        Ok(Self { tree, groups, keep_owner, manifest })
    }

    /// What the executor gets.
    pub fn job<'s>(&'s self, op: &'s CopyOp) -> CopyJob<'s> {
        CopyJob {
            tree: self.tree.get(),
            groups: &self.groups,
            destination: op.destination.clone(),
            into_folder: op.into_folder,
            owner: op.owner.as_deref(),
            keep_owner: self.keep_owner,
            mode: op.mode.as_ref(),
        }
    }
}

fn opened<'a>(solver: &Solver<'a>, op: &CopyOp, place: &Place) -> Result<Opened<'a>> {
    let ports = solver.ports;
    let image = match &op.from {
        Origin::Context => return Ok(Opened::Context(ports.context)),
        Origin::Stage(number) => solver.solved(*number, place)?.image.clone(),
        Origin::Image(reference) => {
            let platform = knarr_model::Platform::host();
            let base = ports.images.resolve(reference, &platform, solver.choices.pull);
            base.map_err(|fault| place.fault(fault))?.config
        }
    };
    ports.executor.tree(&image).map(Opened::Other).map_err(|fault| place.fault(fault))
}

fn refuse(error: SelectError, op: &CopyOp, place: &Place) -> BuildError {
    match error {
        SelectError::Tree(fault) => place.fault(fault),
        SelectError::Source(reason) => {
            BuildError::Source { file: place.file.clone(), at: place.at, instruction: op.instruction(), reason }
        }
    }
}

fn download(solver: &Solver<'_>, op: &CopyOp, url: &str) -> std::result::Result<Item, SelectError> {
    let bad = SelectError::Source;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(bad(format!("{url}: git repositories are not supported as a source")));
    }
    let path = url.split_once("://").map_or("", |(_, rest)| rest).split(['?', '#']).next().unwrap_or_default();
    let name = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default();
    if name.is_empty() && op.into_folder || name == ".." || name == "." {
        return Err(bad(format!("cannot determine a file name from {url}")));
    }
    let download = solver.ports.executor.fetch(url)?;
    let item = Item {
        target: PathBuf::from(name),
        kind: FileKind::Regular,
        mode: 0o600,
        owner: (0, 0),
        inode: None,
        modified: download.modified.map(|seconds| (seconds, 0)),
        content: Content::Download(download.file),
    };
    match &op.checksum {
        Some(expected) => verified(item, expected, url).map_err(|reason| bad(reason.full())),
        None => Ok(item),
    }
}

fn verified(item: Item, expected: &str, url: &str) -> knarr_model::Result<Item> {
    let expected: Digest = expected.parse()?;
    let Content::Download(file) = &item.content else { return Ok(item) };
    let mut hasher = Hasher::new();
    let read = |error| Fault::io(format!("read what was downloaded from {url}"), error);
    let mut reader = file;
    std::io::Seek::rewind(&mut reader).map_err(read)?;
    std::io::copy(&mut reader, &mut hasher).map_err(read)?;
    match hasher.finish() {
        found if found == expected => Ok(item),
        found => Err(Fault::invalid(format!("{url} has the digest {found}, not {expected}"))),
    }
}
