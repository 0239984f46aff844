//! A world in memory for the tests of selection and solving.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use knarr_model::oci::ImageConfig;
use knarr_model::{Digest, Fault, Platform, Result};

use crate::op::Exec;
use crate::output::Event;
use crate::ports::*;
use crate::select::Group;
use crate::tree::{FileKind, Metadata, Tree};

/// A tree of texts: a path that ends with `/` is a folder, a text that begins with `->` is a link, one with `!` a device.
#[derive(Clone, Default)]
pub struct MemoryTree(pub BTreeMap<PathBuf, String>, pub i64);

impl MemoryTree {
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.put(path, text);
        }
        tree
    }

    pub fn put(&mut self, path: &str, text: &str) {
        let mut folder = PathBuf::new();
        for component in Path::new(path).parent().into_iter().flat_map(Path::components) {
            folder.push(component);
            self.0.insert(folder.clone(), "/".into());
        }
        self.0.insert(PathBuf::from(path), text.to_owned());
    }

    /// The path without links on its way, and with `last` without one at its end.
    fn resolve(&self, path: &Path, last: bool) -> PathBuf {
        let mut real = PathBuf::new();
        let count = path.components().count();
        for (number, component) in path.components().enumerate() {
            let next = real.join(component);
            real = match self.0.get(&next).and_then(|text| text.strip_prefix("->")) {
                Some(target) if last || number + 1 < count => self.resolve(&real.join(target), true),
                _ => next,
            };
        }
        real
    }
}

impl Tree for MemoryTree {
    fn metadata(&self, path: &Path, follow: bool) -> Result<Option<Metadata>> {
        let path = self.resolve(path, follow);
        let root = "/".to_owned();
        let text = if path.as_os_str().is_empty() { Some(&root) } else { self.0.get(&path) };
        Ok(text.map(|text| {
            let kind = match text.as_bytes() {
                b"/" => FileKind::Folder,
                [b'-', b'>', ..] => FileKind::Link,
                [b'!', ..] => FileKind::Special,
                _ => FileKind::Regular,
            };
            let mode = if kind == FileKind::Folder { 0o755 } else { 0o644 };
            Metadata { kind, mode, uid: 7, gid: 8, inode: None, size: text.len() as u64, modified: (self.1, 0) }
        }))
    }

    fn list(&self, folder: &Path) -> Result<Vec<OsString>> {
        let folder = self.resolve(folder, true);
        let inside = self.0.keys().filter(|path| path.parent() == Some(&folder));
        Ok(inside.filter_map(|path| path.file_name()).map(OsString::from).collect())
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        let text = self.0.get(&self.resolve(path, false)).and_then(|text| text.strip_prefix("->"));
        text.map(PathBuf::from).ok_or_else(|| Fault::not_found("no link"))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>> {
        let text = self.0.get(&self.resolve(path, true)).ok_or_else(|| Fault::not_found(path.display().to_string()))?;
        Ok(Box::new(Cursor::new(text.clone().into_bytes())))
    }

    fn attributes(&self, _path: &Path) -> Result<Vec<(OsString, Vec<u8>)>> {
        Ok(Vec::new())
    }
}

/// Images, cache, executor and report in one: layers are the digests of what was done.
#[derive(Default)]
pub struct World {
    pub context: MemoryTree,
    pub images: BTreeMap<String, ImageConfig>,
    pub sources: Vec<ImageConfig>,
    pub records: Mutex<BTreeMap<Digest, Record>>,
    pub traces: Mutex<BTreeMap<Digest, Trace>>,
    pub text: Mutex<String>,
    pub executed: Mutex<Vec<Exec>>,
    pub copied: Mutex<Vec<String>>,
    pub clock: AtomicUsize,
}

impl World {
    /// What was said since the last call.
    pub fn said(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap())
    }

    fn layer(&self, work: &str) -> Digest {
        let nonce = self.clock.fetch_add(1, Ordering::Relaxed);
        Digest::of(format!("{nonce} {work}").as_bytes())
    }
}

impl Images for World {
    fn resolve(&self, reference: &str, _platform: &Platform, _pull: bool) -> Result<Base> {
        let config = self.images.get(reference).cloned();
        let config = config.ok_or_else(|| Fault::not_found(format!("no such image: {reference}")))?;
        Ok(Base { id: Digest::of(reference.as_bytes()), config })
    }
}

impl Cache for World {
    fn get(&self, key: &Digest) -> Result<Option<Record>> {
        Ok(self.records.lock().unwrap().get(key).cloned())
    }

    fn put(&self, key: &Digest, record: &Record) -> Result<()> {
        self.records.lock().unwrap().insert(key.clone(), record.clone());
        Ok(())
    }

    fn trace(&self, slot: &Digest) -> Result<Option<Trace>> {
        Ok(self.traces.lock().unwrap().get(slot).cloned())
    }

    fn put_trace(&self, slot: &Digest, trace: &Trace, _image: &Digest) -> Result<()> {
        self.traces.lock().unwrap().insert(slot.clone(), trace.clone());
        Ok(())
    }
}

impl Executor for World {
    fn tree(&self, image: &ImageConfig) -> Result<Box<dyn Tree>> {
        let layers = image.rootfs.diff_ids.len().to_string();
        Ok(Box::new(MemoryTree::of(&[("out/app", &layers)])))
    }

    fn exec(&self, _parent: &ImageConfig, exec: &Exec, report: &dyn Report) -> Result<Ran> {
        report.event(Event::Running("0123456789ab"));
        report.event(Event::Output(b"hello\n"));
        report.event(Event::Removed("0123456789ab"));
        self.executed.lock().unwrap().push(exec.clone());
        let code = i32::from(exec.argv.last().is_some_and(|word| word == "false"));
        Ok(Ran { code, layer: (code == 0).then(|| self.layer("exec")) })
    }

    fn copy(&self, _parent: &ImageConfig, job: &CopyJob<'_>) -> Result<Option<Digest>> {
        for group in job.groups {
            let (kind, items) = match group {
                Group::File(item) => ("file", std::slice::from_ref(item)),
                Group::Folder(items) => ("folder", items.as_slice()),
                Group::Archive(item) => ("archive", std::slice::from_ref(item)),
            };
            let targets: Vec<String> = items.iter().map(|item| item.target.display().to_string()).collect();
            let owner = if job.keep_owner { " kept" } else { "" };
            let line = format!("{kind} {} -> {}{owner}", targets.join(","), job.destination.display());
            self.copied.lock().unwrap().push(line);
        }
        Ok(Some(self.layer("copy")))
    }

    fn folder(&self, _parent: &ImageConfig, path: &Path) -> Result<Option<Digest>> {
        Ok((path != Path::new("/")).then(|| self.layer("folder")))
    }

    fn is_archive(&self, mut content: Box<dyn Read + Send>) -> Result<bool> {
        let mut text = String::new();
        content.read_to_string(&mut text).map_err(|error| Fault::io("read", error))?;
        Ok(text.starts_with("tar"))
    }

    fn fetch(&self, url: &str) -> Result<Download> {
        Err(Fault::not_found(format!("cannot download {url}")))
    }
}

impl Report for World {
    fn event(&self, event: Event<'_>) {
        self.text.lock().unwrap().push_str(&event.to_string());
    }

    fn cancelled(&self) -> bool {
        false
    }
}
