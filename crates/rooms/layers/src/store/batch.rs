//! Layers that are made one on top of the other and become visible together, after one sync.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use knarr_model::{Digest, oci};
use knarr_store::files::sync_dir;
use knarr_sys::failpoint;

use super::fill::{self, Content};
use super::{Layer, Layers};
use crate::error::{Error, Result};

/// What is being made. Dropped before [`Batch::finish`] it leaves nothing.
pub struct Batch<'a> {
    layers: &'a Layers,
    top: Option<Digest>,
    /// Files of what is below the next layer, the uppermost first.
    lowers: Vec<PathBuf>,
    /// Folders that are no layers yet.
    made: Vec<(String, Layer)>,
}

impl Layers {
    /// Makes an unfinished folder.
    fn begin(&self, name: &str) -> Result<PathBuf> {
        let folder = self.root.join(name);
        let create = || {
            DirBuilder::new().mode(0o700).create(&folder)?;
            DirBuilder::new().mode(0o755).create(folder.join("fs"))
        };
        create().map_err(Error::at("create", &folder))?;
        Ok(folder)
    }

    /// Does something in an unfinished folder that does not become a layer.
    pub(super) fn beside<T>(&self, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        let name = self.unfinished();
        let done = self.begin(&name).and_then(|folder| work(&folder));
        self.remove_folder(&name).and(done)
    }

    /// Begins on top of `parent`.
    pub fn batch(&self, parent: Option<&Digest>) -> Result<Batch<'_>> {
        Ok(Batch { layers: self, top: parent.cloned(), lowers: self.chain(parent)?, made: Vec::new() })
    }
}

impl Batch<'_> {
    /// The layer on top.
    pub fn top(&self) -> Option<&Digest> {
        self.top.as_ref()
    }

    /// Unpacks the archive `source`, compressed in any way. Its uncompressed bytes must have the digest `expected`, where
    /// one is given; then a layer that is here already is not unpacked again.
    pub fn apply(&mut self, source: impl Read + Send, expected: Option<&Digest>) -> Result<Layer> {
        self.unpack(source, expected, false)
    }

    /// As [`Batch::apply`], and notes how the archive is written again ([`Layers::pack`]): where that works, which is almost
    /// always, the layer is [`Layer::own`].
    pub fn adopt(&mut self, source: impl Read + Send, expected: &Digest) -> Result<Layer> {
        self.unpack(source, Some(expected), true)
    }

    /// Takes the layer of this diff id, if it is here already.
    pub fn reuse(&mut self, diff_id: &Digest) -> Option<Layer> {
        let layer = self.layers.get(&chain(self.top.as_ref(), diff_id))?;
        self.climb(self.layers.files(&layer.chain_id), &layer);
        Some(layer)
    }

    fn unpack(&mut self, source: impl Read + Send, expected: Option<&Digest>, record: bool) -> Result<Layer> {
        if let Some(layer) = expected.and_then(|diff_id| self.reuse(diff_id)) {
            return Ok(layer);
        }
        self.make(|folder, lowers| {
            let content = fill::unpack(source, lowers, folder, record)?;
            match expected {
                Some(expected) => content.expect(expected),
                None => Ok(content),
            }
        })
    }

    /// Makes one layer of what `fill` puts into an unfinished folder. Nothing stays of a failure.
    pub(super) fn make(&mut self, fill: impl FnOnce(&Path, &[PathBuf]) -> Result<Content>) -> Result<Layer> {
        let name = self.layers.unfinished();
        let folder = self.layers.begin(&name)?;
        let filled = fill(&folder, &self.lowers).and_then(|content| self.record(&folder, content));
        match filled.map(|layer| (self.reuse(&layer.diff_id), layer)) {
            Ok((Some(there), _)) => self.layers.remove_folder(&name).map(|()| there),
            Ok((None, layer)) => {
                self.layers.leases().touch(&layer.chain_id);
                self.made.push((name, layer.clone()));
                self.climb(folder.join("fs"), &layer);
                Ok(layer)
            }
            Err(error) => {
                // What cannot be removed now is tried again.
                let _ = self.layers.remove_folder(&name);
                Err(error)
            }
        }
    }

    fn climb(&mut self, files: PathBuf, layer: &Layer) {
        if layer.opaque {
            self.lowers.clear();
        }
        self.lowers.insert(0, files);
        self.top = Some(layer.chain_id.clone());
    }

    fn record(&self, folder: &Path, content: Content) -> Result<Layer> {
        let layer = Layer {
            chain_id: chain(self.top.as_ref(), &content.diff_id),
            diff_id: content.diff_id,
            parent: self.top.clone(),
            size: content.size,
            archive_size: content.archive_size,
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            opaque: content.opaque,
            own: content.own,
        };
        let fail = || Error::io(format!("record layer {}", layer.chain_id));
        failpoint!("store.layer-unpacked", io).map_err(fail())?;
        let data = serde_json::to_vec(&layer).map_err(|e| fail()(e.into()))?;
        write_private(&folder.join("meta.json"), &data).map_err(fail())?;
        failpoint!("store.layer-recorded", io).map_err(fail())?;
        Ok(layer)
    }

    /// Syncs all that was made, then makes it visible, the lowest first.
    pub fn finish(mut self) -> Result<()> {
        let root = &self.layers.root;
        if self.made.is_empty() {
            return Ok(());
        }
        let sync = || rustix::fs::syncfs(File::open(root)?).map_err(io::Error::from);
        sync().and_then(|()| failpoint!("store.layer-synced", io)).map_err(Error::at("sync", root))?;
        // What is not published when one fails goes with the batch.
        while let Some((name, layer)) = self.made.first() {
            self.layers.publish(name, layer)?;
            self.made.remove(0);
        }
        sync_dir(root).and_then(|()| failpoint!("store.layers-published", io)).map_err(Error::at("sync", root))
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for (name, _) in &self.made {
            // What cannot be removed now is tried again.
            let _ = self.layers.remove_folder(name);
        }
    }
}

fn write_private(path: &Path, data: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(data)
}

/// The chain id of `diff_id` on top of `parent`.
pub(super) fn chain(parent: Option<&Digest>, diff_id: &Digest) -> Digest {
    parent.map_or_else(|| diff_id.clone(), |parent| oci::chain_id(parent, diff_id))
}
