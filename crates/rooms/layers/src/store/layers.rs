//! The folder of all layers.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use knarr_model::Digest;
use knarr_store::files::sync_dir;
use knarr_sys::path::{Entry, Root};
use rustix::fd::AsFd as _;

use super::Layer;
use super::lease::Leases;
use crate::error::{Error, Result};

/// Unpacked layers below one root; it belongs to one process.
#[derive(Debug)]
pub struct Layers {
    pub(super) root: PathBuf,
    next: AtomicU64,
    pub(super) leases: Arc<Mutex<Leases>>,
}

/// Folders that begin so are not, or no longer, layers.
const UNFINISHED: &str = ".unfinished-";
/// The layer of an image without layers.
const EMPTY: &str = "empty";

impl Layers {
    /// Opens the folder, makes what is missing and removes what a crash left half-made.
    pub fn open(root: &Path) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(Error::at("create", root))?;
        let layers = Self { root: root.to_owned(), next: AtomicU64::new(0), leases: Arc::default() };
        for name in layers.names()?.iter().filter(|name| name.starts_with(UNFINISHED)) {
            layers.remove_folder(name)?;
        }
        Ok(layers)
    }

    /// The record of a layer; none where it is not here.
    pub fn get(&self, chain: &Digest) -> Result<Option<Layer>> {
        self.leases().touch(chain);
        self.read_record(chain)
    }

    fn read_record(&self, chain: &Digest) -> Result<Option<Layer>> {
        let path = self.folder(chain).join("meta.json");
        let data = match fs::read(&path) {
            Ok(data) => data,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::at("read", &path)(e)),
        };
        let layer = serde_json::from_slice(&data);
        Ok(Some(layer.map_err(|source| Error::Record { chain: chain.clone(), source })?))
    }

    /// All layers. One whose record cannot be read is left out; it is replaced when it is next applied.
    pub fn list(&self) -> Result<Vec<Layer>> {
        let names = self.names()?;
        let chains = names.iter().filter_map(|name| format!("sha256:{name}").parse().ok());
        Ok(chains.filter_map(|chain| self.read_record(&chain).ok().flatten()).collect())
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
        match fs::rename(self.folder(chain), self.root.join(&name)) {
            Ok(()) => self.remove_folder(&name).map(|()| true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io(format!("remove layer {chain}"))(e)),
        }
    }

    /// Removes every layer that is neither in `keep`, nor below one that is, nor leased; the highest first. Says which.
    /// `keep` is asked after the list was made, so that a layer made meanwhile is not judged by older wishes.
    pub fn collect<E: From<Error>>(&self, keep: impl FnOnce() -> Result<HashSet<Digest>, E>) -> Result<Vec<Layer>, E> {
        let layers: HashMap<_, _> = self.list()?.into_iter().map(|layer| (layer.chain_id.clone(), layer)).collect();
        let mut kept = HashSet::new();
        for chain in keep()? {
            keep_down(&chain, &layers, &mut kept);
        }
        let mut removed = Vec::new();
        for layer in highest_first(&layers) {
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

    /// Makes a finished folder the layer of this chain id; one that is there already stays.
    pub(super) fn publish(&self, name: &str, chain: &Digest) -> Result<()> {
        match fs::rename(self.root.join(name), self.folder(chain)) {
            Err(e) if matches!(e.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {
                return self.remove_folder(name);
            }
            other => other.map_err(Error::io(format!("commit layer {chain}")))?,
        }
        sync_dir(&self.root).map_err(Error::at("sync", &self.root))
    }

    /// Removes a folder and all in it.
    pub(super) fn remove_folder(&self, name: &str) -> Result<()> {
        let remove = || Entry::new(Root::open(&self.root)?.as_fd(), name.as_ref())?.remove_tree();
        remove().map_err(Error::at("remove", &self.root.join(name)))
    }

    fn names(&self) -> Result<Vec<String>> {
        let list = || fs::read_dir(&self.root)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>();
        let names = list().map_err(Error::at("list", &self.root))?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }
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
