//! The folder of all layers.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use knarr_model::Digest;
use knarr_store::Leases;
use knarr_sys::failpoint;
use knarr_sys::path::{Entry, Root};
use rustix::fd::AsFd as _;

use super::known::{self, Damaged, Known};
use super::usage::Measured;
use super::{Layer, QUARANTINE};
use crate::error::{Error, Result};

/// Unpacked layers below one root; it belongs to one process.
#[derive(Debug)]
pub struct Layers {
    pub(super) root: PathBuf,
    next: AtomicU64,
    pub(super) known: Known,
    damaged: Vec<Damaged>,
    pub(super) measured: Measured,
    /// Folders that are no layers and could not be removed.
    left: Mutex<Vec<String>>,
    pub(super) leases: Arc<Mutex<Leases>>,
}

/// Folders that begin so are not, or no longer, layers.
const UNFINISHED: &str = ".unfinished-";
/// The layer of an image without layers.
const EMPTY: &str = "empty";

impl Layers {
    /// Opens the folder, makes what is missing, removes what a crash left half-made and reads all records. A folder that is no whole layer
    /// any more is moved beside the layers, to `quarantine`: [`Layers::damaged`] says which.
    pub fn open(root: &Path) -> Result<Self> {
        make_private(root).map_err(Error::at("create", root))?;
        let (root, next) = (root.to_owned(), AtomicU64::new(0));
        let (known, measured, left) = (Known::default(), Measured::default(), Mutex::default());
        let mut layers = Self { root, next, known, damaged: Vec::new(), measured, left, leases: Arc::default() };
        for name in layers.names()? {
            if name.starts_with(UNFINISHED) {
                layers.remove_folder(&name)?;
            } else if let Ok(chain) = format!("sha256:{name}").parse() {
                layers.learn(&chain)?;
            }
        }
        Ok(layers)
    }

    /// Reads the record of a layer that was found.
    fn learn(&mut self, chain: &Digest) -> Result<()> {
        match known::read(&self.folder(chain), chain) {
            Ok(layer) => self.known.insert(layer),
            Err(reason) => {
                let moved_to = self.set_aside(chain)?;
                self.damaged.push(Damaged { chain: chain.clone(), moved_to, reason });
            }
        }
        Ok(())
    }

    /// The layers that were found damaged when the folder was opened.
    pub fn damaged(&self) -> &[Damaged] {
        &self.damaged
    }

    /// Moves a damaged layer's folder out of the way, for whoever wants to look at it; where it is then.
    pub fn set_aside(&self, chain: &Digest) -> Result<PathBuf> {
        let quarantine = self.root.with_file_name(QUARANTINE);
        let fail = || Error::io(format!("move damaged layer {chain} to {}", quarantine.display()));
        self.known.all().remove(chain);
        make_private(&quarantine).map_err(fail())?;
        let name = format!("layer-{}", chain.hex());
        if fs::exists(quarantine.join(&name)).map_err(fail())? {
            remove_tree(&quarantine, &name)?;
        }
        let target = quarantine.join(&name);
        fs::rename(self.folder(chain), &target).map_err(fail())?;
        Ok(target)
    }

    /// The record of a layer; none where it is not here.
    pub fn get(&self, chain: &Digest) -> Option<Layer> {
        self.leases().touch(chain);
        self.known.get(chain)
    }

    /// Whether a layer is here; unlike [`Layers::get`], asking protects nothing.
    pub fn is_here(&self, chain: &Digest) -> bool {
        self.known.all().contains_key(chain)
    }

    /// The chain ids of a layer and all below it, the highest first, as far as they are here; asking protects nothing.
    pub fn lineage(&self, top: Option<&Digest>) -> Vec<Digest> {
        let layers = self.known.all();
        let above = top.and_then(|chain| layers.get(chain));
        let all = std::iter::successors(above, |layer| layer.parent.as_ref().and_then(|below| layers.get(below)));
        all.map(|layer| layer.chain_id.clone()).collect()
    }

    /// All layers.
    pub fn list(&self) -> Vec<Layer> {
        self.known.all().values().cloned().collect()
    }

    /// Where a layer's files are.
    pub fn files(&self, chain: &Digest) -> PathBuf {
        self.folder(chain).join("fs")
    }

    /// The layer of an image that has none.
    pub(super) fn empty(&self) -> PathBuf {
        self.root.join(EMPTY)
    }

    /// Removes a layer; false where it was not here. The caller knows that nobody uses it.
    pub fn remove(&self, chain: &Digest) -> Result<bool> {
        let name = self.unfinished();
        let moved = match fs::rename(self.folder(chain), self.root.join(&name)) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => return Err(Error::io(format!("remove layer {chain}"))(e)),
        };
        self.known.all().remove(chain);
        if moved {
            self.remove_folder(&name)?;
        }
        Ok(moved)
    }

    /// Removes every one of `candidates` that is neither in `keep`, nor below one that is, nor leased; the highest first. Says which.
    /// `keep` is asked when the candidates are known, so that a layer made meanwhile is not judged by older wishes.
    pub fn collect<E: From<Error>>(
        &self,
        candidates: &HashSet<Digest>,
        keep: impl FnOnce() -> Result<HashSet<Digest>, E>,
    ) -> Result<Vec<Layer>, E> {
        // Work that ends while this goes on may have recorded what it made after `keep` was asked: what it touched stays known.
        let _until_the_end = self.lease();
        let layers = self.known.all().clone();
        let mut kept = HashSet::new();
        for chain in keep()? {
            keep_down(&chain, &layers, &mut kept);
        }
        let mut removed = Vec::new();
        let candidates = highest_first(&layers).into_iter().filter(|layer| candidates.contains(&layer.chain_id));
        for layer in candidates {
            // Held over the removal: a layer cannot become wanted between the question and the removal.
            let leases = self.leases();
            if leases.protects(&layer.chain_id) {
                keep_down(&layer.chain_id, &layers, &mut kept);
            }
            if !kept.contains(&layer.chain_id) && self.remove(&layer.chain_id)? {
                removed.push(layer.clone());
            }
        }
        Ok(removed)
    }

    pub(super) fn folder(&self, chain: &Digest) -> PathBuf {
        self.root.join(chain.hex())
    }

    /// A fresh name for a folder that is not yet, or no longer, a layer.
    pub(super) fn unfinished(&self) -> String {
        format!("{UNFINISHED}{}-{}", std::process::id(), self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a finished folder the layer of this chain id; one that is there already stays. The caller syncs the root.
    pub(super) fn publish(&self, name: &str, layer: &Layer) -> Result<()> {
        let chain = &layer.chain_id;
        let renamed = failpoint!("store.layer-publishing", io)
            .and_then(|()| fs::rename(self.root.join(name), self.folder(chain)));
        match renamed {
            Err(e) if matches!(e.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {
                return self.remove_folder(name);
            }
            other => other.map_err(Error::io(format!("commit layer {chain}")))?,
        }
        failpoint!("store.layer-renamed");
        self.known.insert(layer.clone());
        Ok(())
    }

    /// Removes a folder and all in it. One that cannot be removed now is tried again by [`Layers::tidy`], and when the folder of all layers is next opened.
    pub(super) fn remove_folder(&self, name: &str) -> Result<()> {
        let refused = failpoint!("store.layer-removing", io).map_err(Error::at("remove", &self.root.join(name)));
        refused.and_then(|()| remove_tree(&self.root, name)).inspect_err(|_| self.left().push(name.to_owned()))
    }

    /// Removes what could not be removed before.
    pub fn tidy(&self) -> Result<()> {
        let left = std::mem::take(&mut *self.left());
        left.iter().map(|name| self.remove_folder(name)).fold(Ok(()), Result::and)
    }

    fn left(&self) -> MutexGuard<'_, Vec<String>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn names(&self) -> Result<Vec<String>> {
        let list = || fs::read_dir(&self.root)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>();
        let names = list().map_err(Error::at("list", &self.root))?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }
}

/// Removes a folder of ours and all in it, by descriptors.
fn remove_tree(parent: &Path, name: &str) -> Result<()> {
    let remove = || Entry::new(Root::open(parent)?.as_fd(), name.as_ref())?.remove_tree();
    remove().map_err(Error::at("remove", &parent.join(name)))
}

/// Makes a folder and its missing parents, readable by the owner only.
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Keeps a layer and all below it.
fn keep_down(chain: &Digest, layers: &HashMap<Digest, Layer>, kept: &mut HashSet<Digest>) {
    let mut next = Some(chain);
    while let Some(chain) = next {
        if !kept.insert(chain.clone()) {
            return;
        }
        next = layers.get(chain).and_then(|layer| layer.parent.as_ref());
    }
}

/// Layers before those below them.
fn highest_first(layers: &HashMap<Digest, Layer>) -> Vec<&Layer> {
    let depth = |layer: &Layer| {
        let mut depth = 0u32;
        let mut next = layer.parent.as_ref();
        while let Some(parent) = next {
            depth += 1;
            next = layers.get(parent).and_then(|layer| layer.parent.as_ref());
        }
        depth
    };
    let mut sorted: Vec<_> = layers.values().collect();
    sorted.sort_by_cached_key(|layer| (std::cmp::Reverse(depth(layer)), layer.chain_id.clone()));
    sorted
}
