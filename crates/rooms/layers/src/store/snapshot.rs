//! Stacks of layers for whoever mounts them.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use knarr_model::{Digest, Snapshot};
use knarr_sys::path::Root;

use super::{Layer, Layers};
use crate::error::{Error, Result};
use crate::tree::Merged;
use crate::unpack::Attributes;

/// The folder of a container's own lowest layer.
const SKELETON: &str = "skeleton";

impl Layers {
    /// The files of `top` and of all layers below it, the uppermost first; empty without a top. A layer that hides
    /// everything below it is the last.
    pub(super) fn chain(&self, top: Option<&Digest>) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        let mut next = top.cloned();
        while let Some(chain) = next {
            let layer = self.get(&chain).ok_or_else(|| Error::NotFound(chain.clone()))?;
            files.push(self.files(&chain));
            next = layer.parent.filter(|_| !layer.opaque);
        }
        Ok(files)
    }

    /// A read-only view of an image, none being the image without layers.
    pub fn view(&self, top: Option<&Digest>) -> Result<Snapshot> {
        let mut lowers = self.chain(top)?;
        if lowers.is_empty() {
            let empty = self.empty();
            create(&empty, 0o755).map_err(Error::at("create", &empty))?;
            lowers.push(empty);
        }
        Ok(Snapshot { lowers, upper: None })
    }

    /// A writable view that keeps its changes in `container`, where [`Layers::prepare`] has made the folders.
    pub fn snapshot(&self, top: Option<&Digest>, container: &Path) -> Result<Snapshot> {
        let mut lowers = self.view(top)?.lowers;
        let skeleton = container.join(SKELETON);
        if skeleton.is_dir() {
            lowers.insert(0, skeleton);
        }
        Ok(Snapshot { lowers, upper: Some((container.join("upper"), container.join("work"))) })
    }

    /// Makes `container/upper`, with the owner, mode and times of the image's root, `container/work`, and
    /// `container/skeleton`, a layer with the places for what every container gets mounted. Folders that are there stay as
    /// they are.
    pub fn prepare(&self, top: Option<&Digest>, container: &Path) -> Result<Snapshot> {
        let skeleton = container.join(SKELETON);
        if create(&skeleton, 0o755).map_err(Error::at("create", &skeleton))? {
            super::skeleton::fill(&skeleton, &self.view(top)?.lowers)?;
        }
        let snapshot = self.snapshot(top, container)?;
        let (upper, work) = (container.join("upper"), container.join("work"));
        create(&work, 0o700).map_err(Error::at("create", &work))?;
        if create(&upper, 0o755).map_err(Error::at("create", &upper))? {
            let copy = || -> io::Result<()> {
                let from = Root::open(&snapshot.lowers[0])?.node(Path::new(""))?;
                let to = Root::open(&upper)?.node(Path::new(""))?;
                Attributes::of_node(&from)?.apply(&to, &crate::Kind::Folder)
            };
            copy().map_err(Error::at("set attributes of", &upper))?;
        }
        Ok(snapshot)
    }

    /// `top` and all layers below it, the lowest first.
    pub fn stack(&self, top: Option<&Digest>) -> Result<Vec<Layer>> {
        let mut stack = Vec::new();
        let mut next = top.cloned();
        while let Some(chain) = next {
            let layer = self.get(&chain).ok_or_else(|| Error::NotFound(chain.clone()))?;
            next = layer.parent.clone();
            stack.push(layer);
        }
        stack.reverse();
        Ok(stack)
    }

    /// The files of some layers that lie on each other, the lowest first, as one tree.
    pub fn merged(&self, stack: &[Layer]) -> Result<Merged> {
        let mut merged = Merged::default();
        for layer in stack {
            merged.lay(&self.files(&layer.chain_id), layer.opaque)?;
        }
        Ok(merged)
    }

    /// Bytes of `top` and of all layers below it.
    pub fn size(&self, top: Option<&Digest>) -> Result<u64> {
        Ok(self.stack(top)?.iter().map(|layer| layer.size).sum())
    }
}

/// Makes a folder; false where it was there.
fn create(path: &Path, mode: u32) -> io::Result<bool> {
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}
