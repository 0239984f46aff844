//! A root file system as data: what the layers room hands to whoever mounts it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A stack of read-only layers, with or without a writable one on top. Nothing of it is mounted yet: the runtime mounts
/// it inside the container's own mount namespace (so that it disappears with the container), and the engine mounts it
/// detached when it needs to look inside. Written to a bundle as `rootfs.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Absolute paths of the read-only layers, the uppermost first (overlayfs order). Never empty.
    pub lowers: Vec<PathBuf>,
    /// The writable layer and overlayfs's work folder, both on one file system; none for a read-only view.
    pub upper: Option<(PathBuf, PathBuf)>,
}
