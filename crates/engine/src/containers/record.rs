//! What is remembered of a container: the immutable snapshot that everybody reads, and the record in the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use knarr_api::container::{Config, HostConfig};
use knarr_api::network::EndpointSettings;
use knarr_model::{ContainerId, Digest};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The table of records, by id.
pub(crate) const TABLE: &str = "containers";
/// The table of names, each with the id it belongs to.
pub(crate) const NAMES: &str = "container-names";

/// One container. Cheap to clone: what never or seldom changes is shared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: ContainerId,
    /// Its name, without Docker's slash.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// The image's id (`sha256:…`).
    pub image_id: String,
    /// The topmost layer's chain id; none for an image without layers.
    pub layer: Option<Digest>,
    /// What it is: the request merged with the image's defaults.
    pub config: Arc<Config>,
    /// What the host does for it, with defaults filled in.
    pub host: Arc<HostConfig>,
    /// What is mounted in it beyond the defaults.
    pub mounts: Arc<Vec<MountRecord>>,
    /// The networks it joins, with its wishes.
    pub wishes: Arc<BTreeMap<String, EndpointSettings>>,
    /// It is a step of a build, and goes with the daemon that builds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_build: bool,
    /// How it is.
    pub state: State,
    /// The endpoints that it has while it runs, by network name.
    #[serde(default)]
    pub endpoints: BTreeMap<String, EndpointSettings>,
    /// The ports that are published while it runs, `80/tcp` → where.
    #[serde(default)]
    pub ports: BTreeMap<String, Option<Vec<knarr_api::container::PortBinding>>>,
}

impl Record {
    /// Its name as Docker shows it.
    pub fn slashed(&self) -> String {
        format!("/{}", self.name)
    }

    /// The program and its arguments.
    pub fn command(&self) -> Vec<String> {
        let part = |words: &Option<knarr_api::Words>| words.clone().map(|words| words.0).unwrap_or_default();
        let mut all = part(&self.config.entrypoint);
        all.extend(part(&self.config.cmd));
        all
    }

    /// Attributes of its events: labels, name and image.
    pub(crate) fn attributes(&self) -> BTreeMap<String, String> {
        let mut attributes = self.config.labels.clone();
        attributes.insert("image".into(), self.config.image.clone());
        attributes.insert("name".into(), self.name.clone());
        attributes
    }
}

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Never started.
    #[default]
    Created,
    /// Its first process lives.
    Running,
    /// It lives, frozen.
    Paused,
    /// It ended and waits to be started again by policy.
    Restarting,
    /// It is being removed.
    Removing,
    /// It ended.
    Exited,
    /// It could not be removed.
    Dead,
}

impl Status {
    /// Docker's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
        }
    }

    /// Whether its first process lives.
    pub fn alive(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// How a container is, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Where in its life.
    pub status: Status,
    /// The first process on the host; 0 while there is none.
    pub pid: u32,
    /// Of the last end; 128+n for signal n.
    pub exit_code: i32,
    /// The last end was an OOM kill.
    pub oom_killed: bool,
    /// Why the last start failed.
    pub error: String,
    /// Last start.
    pub started: Timestamp,
    /// Last end.
    pub finished: Timestamp,
    /// Names the start that is running or was last: exit records of other starts are not believed.
    pub start_id: String,
    /// How often policy started it again since the user last did.
    pub restarts: u32,
    /// The user stopped it: `unless-stopped` and `always` leave it alone until it is started or the daemon is.
    pub stopped_by_user: bool,
    /// What made it so, in words: `started by request`, `exited with code 1`, ….
    pub cause: String,
}

/// One mount that a user or the image asked for, resolved at creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountRecord {
    /// What is mounted.
    pub source: MountSource,
    /// Absolute, clean path in the container.
    pub destination: String,
    /// Not writable.
    pub read_only: bool,
    /// `rprivate` and kin; empty for the default.
    pub propagation: String,
    /// The options as written, for display.
    pub mode: String,
}

impl MountRecord {
    /// As another container has it: what is anonymous here belongs to this one alone.
    pub(crate) fn shared(mut self) -> Self {
        if let MountSource::Volume { anonymous, .. } = &mut self.source {
            *anonymous = false;
        }
        self
    }
}

/// What a mount brings in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// A path of the host.
    Bind {
        /// Absolute.
        path: String,
        /// Without what is mounted below it.
        non_recursive: bool,
        /// Made as a folder where it is missing.
        create: bool,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: String,
        /// Made for this container alone; goes with it.
        anonymous: bool,
        /// Not filled from the image.
        no_copy: bool,
        /// A folder of it, relative; empty for all.
        subpath: String,
    },
    /// Memory.
    Tmpfs {
        /// mount(8) options.
        options: Vec<String>,
    },
}
