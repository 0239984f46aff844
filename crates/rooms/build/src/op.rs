//! Neutral operations: what a step does to a root file system, after expansion and free of the Dockerfile's syntax.

use std::path::PathBuf;

use serde::Serialize;

use knarr_model::oci::RunConfig;

use crate::mode::Mode;

/// A step, ready to be keyed and carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowered {
    /// What happens to the files.
    pub op: Op,
    /// The image's configuration behind the step.
    pub config: RunConfig,
    /// The author that the step sets.
    pub author: Option<String>,
    /// The line in the image's history.
    pub created_by: String,
}

/// What happens to the files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Op {
    /// Nothing: only the configuration changes.
    Config,
    /// A folder is made, with those above it.
    Folder(PathBuf),
    /// A command runs.
    Exec(Exec),
    /// Files are copied.
    Copy(CopyOp),
}

/// A command in a build container.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment, `NAME=value`: the image's and the build arguments'.
    pub env: Vec<String>,
    /// Proxies for the build only: they reach the command, and never the key or the history.
    #[serde(skip)]
    pub proxies: Vec<String>,
    /// `user[:group]`, empty for root.
    pub user: String,
    /// The working folder, absolute.
    pub folder: String,
    /// A file that is there while the command runs, and is itself the command: its first line names its interpreter.
    pub script: Option<Script>,
    /// The network.
    pub network: Network,
}

/// A program that stands in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Script {
    /// Where the command expects it: below `/dev/pipes`, which no layer keeps.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// The network of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Network {
    /// As the whole build.
    Default,
    /// None but loopback.
    None,
    /// The host's.
    Host,
}

/// `COPY` or `ADD`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CopyOp {
    /// Whose files.
    pub from: Origin,
    /// Paths and patterns in the origin, and URLs.
    pub sources: Vec<String>,
    /// Files with their text: name and content.
    pub documents: Vec<(String, String)>,
    /// Where to, absolute.
    pub destination: PathBuf,
    /// The destination is to be a folder: it was written with a `/` at its end.
    pub into_folder: bool,
    /// `user[:group]` of what is made; none keeps the owner of another stage's files, and makes others root's.
    pub owner: Option<String>,
    /// Mode of what is made; none keeps it.
    pub mode: Option<Mode>,
    /// The digest that a download must have, as written.
    pub checksum: Option<String>,
    /// Patterns of files that stay behind.
    pub excludes: Vec<String>,
    /// Keep the folders of the sources.
    pub parents: bool,
    /// Unpack local archives.
    pub unpack: bool,
}

/// Whose files are copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// The build context.
    Context,
    /// Another stage, by its number.
    Stage(usize),
    /// An image.
    Image(String),
}

/// How a source begins that `ADD` fetches.
const SCHEMES: [&str; 5] = ["http://", "https://", "git://", "ssh://", "git@"];

impl CopyOp {
    /// Whether a source is something to fetch.
    pub fn is_remote(&self, source: &str) -> bool {
        self.unpack && SCHEMES.iter().any(|scheme| source.starts_with(scheme))
    }

    /// The instruction's name.
    pub fn instruction(&self) -> &'static str {
        if self.unpack { "ADD" } else { "COPY" }
    }
}
