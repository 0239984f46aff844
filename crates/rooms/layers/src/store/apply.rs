//! From an archive, or a finished tree, to a layer: one stream that is inflated, hashed and unpacked at once.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use knarr_model::{Digest, Hasher, oci};
use knarr_store::files::write_atomic;
use knarr_sys::path::Root;

use super::{Layer, Layers};
use crate::compression::decompress;
use crate::error::{Error, Result};
use crate::unpack::{self, Attributes, Options};

/// What was put into an unfinished folder.
struct Content {
    diff_id: Digest,
    size: u64,
    archive_size: u64,
    opaque: bool,
    own: bool,
}

impl Layers {
    /// Unpacks the archive `source`, compressed in any way, as a layer on top of `parent`. Its uncompressed bytes must have
    /// the digest `expected`, where one is given; then a layer that is here already is not unpacked again.
    pub fn apply(&self, source: impl Read + Send, parent: Option<&Digest>, expected: Option<&Digest>) -> Result<Layer> {
        if let Some(layer) = expected.and_then(|diff_id| self.get(&chain(parent, diff_id))) {
            return Ok(layer);
        }
        self.create(parent, |folder| {
            let content = self.unpack(source, parent, folder, &Options::layer())?;
            match expected {
                Some(expected) if *expected != content.diff_id => {
                    Err(Error::DiffId { expected: expected.clone(), found: content.diff_id })
                }
                _ => Ok(content),
            }
        })
    }

    /// Makes a layer of a container's upper folder.
    pub fn commit(&self, upper: &Path, parent: Option<&Digest>) -> Result<Layer> {
        self.create(parent, |folder| {
            let (reader, writer) = io::pipe().map_err(Error::io("open a pipe"))?;
            std::thread::scope(|scope| {
                let written =
                    scope.spawn(|| crate::diff(upper, io::BufWriter::with_capacity(1 << 16, writer)).map(drop));
                let content = self.unpack(reader, parent, folder, &Options::layer());
                // A failed reader closes the pipe, so its error is the cause of the writer's.
                match (content, written.join()) {
                    (Ok(content), Ok(Ok(()))) => Ok(Content { own: true, ..content }),
                    (Err(error), _) | (Ok(_), Ok(Err(error))) => Err(error),
                    (Ok(_), Err(_)) => Err(Error::archive("the writer of the layer's archive panicked")),
                }
            })
        })
    }

    /// Makes one layer of an archive of a whole tree, as `import` does. It is no image layer: names that begin with `.wh.`
    /// are ordinary, and its diff id is that of the archive that [`Layers::pack`] writes of it.
    pub fn import(&self, source: impl Read + Send) -> Result<Layer> {
        self.create(None, |folder| {
            let content = self.unpack(source, None, folder, &Options::live())?;
            let (diff_id, archive_size) = crate::diff(&folder.join("fs"), Counting::default())?.finish();
            Ok(Content { diff_id, archive_size, own: true, ..content })
        })
    }

    /// Fills an unfinished folder, syncs it and makes it a layer. Nothing stays of a failure.
    fn create(&self, parent: Option<&Digest>, fill: impl FnOnce(&Path) -> Result<Content>) -> Result<Layer> {
        if let Some(parent) = parent {
            self.get(parent).ok_or_else(|| Error::NotFound(parent.clone()))?;
        }
        let name = self.unfinished();
        let folder = self.root.join(&name);
        let create = || {
            DirBuilder::new().mode(0o700).create(&folder)?;
            DirBuilder::new().mode(0o755).create(folder.join("fs"))
        };
        create().map_err(Error::at("create", &folder))?;
        let finished = fill(&folder).and_then(|content| self.record(&folder, parent, content));
        let publish = |layer: Layer| {
            self.leases().touch(&layer.chain_id);
            self.publish(&name, &layer).map(|()| layer)
        };
        match finished.and_then(publish) {
            Ok(layer) => Ok(layer),
            Err(error) => {
                // What cannot be removed now is removed when the folder is next opened.
                let _ = self.remove_folder(&name);
                Err(error)
            }
        }
    }

    /// Writes the record, and syncs all that was written.
    fn record(&self, folder: &Path, parent: Option<&Digest>, content: Content) -> Result<Layer> {
        let layer = Layer {
            chain_id: chain(parent, &content.diff_id),
            diff_id: content.diff_id,
            parent: parent.cloned(),
            size: content.size,
            archive_size: content.archive_size,
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            opaque: content.opaque,
            own: content.own,
        };
        let sync = || rustix::fs::syncfs(File::open(folder)?).map_err(io::Error::from);
        sync().map_err(Error::at("sync", folder))?;
        self.write_record(folder, &layer)?;
        Ok(layer)
    }

    fn write_record(&self, folder: &Path, layer: &Layer) -> Result<()> {
        let fail = || Error::io(format!("record layer {}", layer.chain_id));
        let data = serde_json::to_vec(layer).map_err(|e| fail()(e.into()))?;
        write_atomic(&folder.join("meta.json"), &data, 0o600).map_err(fail())
    }

    fn unpack(
        &self,
        source: impl Read + Send,
        parent: Option<&Digest>,
        folder: &Path,
        options: &Options<'_>,
    ) -> Result<Content> {
        let lowers = self.chain(parent)?;
        let inherit = |path: &Path| crate::tree::lookup(&lowers, path).and_then(|node| Attributes::of_node(&node).ok());
        let files = folder.join("fs");
        let root = Root::open(&files).map_err(Error::at("open", &files))?;
        if let Some(attributes) = inherit(Path::new("")) {
            let node = root.node(Path::new("")).map_err(Error::at("open", &files))?;
            attributes.apply(&node, &crate::Kind::Folder).map_err(Error::at("set attributes of", &files))?;
        }
        let mut source = Hashing { source: decompress(source)?, count: Counting::default() };
        let options = Options { inherit: Some(&inherit), ..*options };
        let unpacked = unpack::unpack(&root, &mut source, &options)?;
        let (diff_id, archive_size) = source.count.finish();
        Ok(Content { diff_id, size: unpacked.bytes, archive_size, opaque: unpacked.opaque, own: false })
    }

    /// Finds out whether [`Layers::pack`] gives the very bytes that a layer was unpacked from, and remembers it where it does.
    pub fn try_own(&self, layer: Layer) -> Result<Layer> {
        let same = layer.own || self.pack(&layer.chain_id, Counting::default())?.finish().0 == layer.diff_id;
        if layer.own || !same {
            return Ok(layer);
        }
        let layer = Layer { own: true, ..layer };
        self.write_record(&self.folder(&layer.chain_id), &layer)?;
        self.known.insert(layer.clone());
        Ok(layer)
    }

    /// Writes the archive of one layer again, from what is on disk. Only for layers with [`Layer::own`] are these the bytes
    /// of its diff id; the caller compares.
    pub fn pack<W: io::Write>(&self, chain: &Digest, out: W) -> Result<W> {
        if !fs::exists(self.files(chain)).map_err(Error::at("look up", &self.files(chain)))? {
            return Err(Error::NotFound(chain.clone()));
        }
        crate::diff(&self.files(chain), out)
    }
}

/// The chain id of `diff_id` on top of `parent`.
pub(super) fn chain(parent: Option<&Digest>, diff_id: &Digest) -> Digest {
    parent.map_or_else(|| diff_id.clone(), |parent| oci::chain_id(parent, diff_id))
}

/// Hashes and counts what is written to it.
#[derive(Default)]
struct Counting {
    hasher: Hasher,
    bytes: u64,
}

impl Counting {
    fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.bytes)
    }
}

impl io::Write for Counting {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hasher.update(data);
        self.bytes += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hashes and counts what is read through it.
struct Hashing<R> {
    source: R,
    count: Counting,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        io::Write::write_all(&mut self.count, &buffer[..read])?;
        Ok(read)
    }
}
