//! What the solver needs of the world. The engine implements these; tests have their own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use knarr_model::oci::ImageConfig;
use knarr_model::{Digest, Platform, Result};

use crate::mode::Mode;
use crate::op::Exec;
use crate::output::Event;
use crate::select::Group;
use crate::tree::Tree;

/// Base images.
pub trait Images: Send + Sync {
    /// The image that `reference` (a name, or an id) means for `platform`. It is pulled when it is not here, or always with `pull`.
    fn resolve(&self, reference: &str, platform: &Platform, pull: bool) -> Result<Base>;
}

/// A base image.
#[derive(Debug, Clone)]
pub struct Base {
    /// Its id: the digest of its config.
    pub id: Digest,
    /// Its config; all its layers are here.
    pub config: ImageConfig,
}

/// The steps that were carried out before.
pub trait Cache: Send + Sync {
    /// The result kept under a key. A result whose layers are gone is none.
    fn get(&self, key: &Digest) -> Result<Option<Record>>;

    /// Keeps a result. Its layers stay as long as its image does.
    fn put(&self, key: &Digest, record: &Record) -> Result<()>;

    /// What the step in this slot looked like when it last ran.
    fn trace(&self, slot: &Digest) -> Result<Option<Trace>>;

    /// Keeps what the step in this slot looks like now, as long as the image behind it.
    fn put_trace(&self, slot: &Digest, trace: &Trace, image: &Digest) -> Result<()>;
}

/// A kept result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The image behind the step.
    pub image: ImageConfig,
    /// The id of the image before it; none at the beginning of a stage from scratch.
    pub parent: Option<Digest>,
    /// Why the step ran then.
    pub cause: String,
}

/// What a step looked like, apart from its parent and its text: kept to tell why it is carried out again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The environment of its command.
    pub env: Vec<String>,
    /// The digest of all the files it copied.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Target and digest of each. Empty where there were too many.
    pub files: BTreeMap<String, String>,
}

/// Carries out steps. Each starts from a parent's layers with a fresh writable layer on top, and makes that layer's changes a new layer.
pub trait Executor: Send + Sync {
    /// The files of an image, for `COPY --from`.
    fn tree(&self, image: &ImageConfig) -> Result<Box<dyn Tree>>;

    /// Runs a command; its output goes to the report while it runs.
    fn exec(&self, parent: &ImageConfig, exec: &Exec, report: &dyn Report) -> Result<Ran>;

    /// Copies files; none where that changes nothing.
    fn copy(&self, parent: &ImageConfig, job: &CopyJob<'_>) -> Result<Option<Digest>>;

    /// Makes a folder and those above it, owned by root; none where it is there.
    fn folder(&self, parent: &ImageConfig, path: &Path) -> Result<Option<Digest>>;

    /// Whether the content is a tar archive, plain or compressed, that [`Executor::copy`] can unpack.
    fn is_archive(&self, content: Box<dyn Read + Send>) -> Result<bool>;

    /// Downloads a file.
    fn fetch(&self, url: &str) -> Result<Download>;
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit status.
    pub code: i32,
    /// The diff id of the layer that it made; none where it failed.
    pub layer: Option<Digest>,
}

/// Files to copy.
pub struct CopyJob<'a> {
    /// Where the files with a path are.
    pub tree: &'a dyn Tree,
    /// What to copy, one group a source.
    pub groups: &'a [Group],
    /// Where to, absolute.
    pub destination: PathBuf,
    /// The destination is a folder even where nothing is there yet.
    pub into_folder: bool,
    /// `user[:group]` by name or number, looked up in the parent's files.
    pub owner: Option<&'a str>,
    /// Whether files keep their owner where `owner` is none; otherwise they become root's.
    pub keep_owner: bool,
    /// What the modes of copied files and folders become.
    pub mode: Option<&'a Mode>,
}

/// A downloaded file.
pub struct Download {
    /// The bytes, at their beginning.
    pub file: File,
    /// When the server says it changed, in seconds since 1970.
    pub modified: Option<i64>,
}

/// Where a build tells what it does.
pub trait Report: Send + Sync {
    /// Takes one event. Must not block for long.
    fn event(&self, event: Event<'_>);

    /// Whether nobody wants the result any more.
    fn cancelled(&self) -> bool;
}
