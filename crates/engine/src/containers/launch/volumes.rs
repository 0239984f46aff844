//! Volumes of containers: made at creation, filled from the image on first use.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;

use knarr_model::{Result, Snapshot};
use knarr_sys::path::Root;
use knarr_volumes::NewVolume;

use super::identity;
use crate::Engine;
use crate::containers::{MountRecord, MountSource, Record};

/// Where a volume's files are, for the spec.
pub(super) struct Source {
    /// A path of the host.
    pub(super) path: String,
    /// What keeps that path valid until the runtime has opened it.
    pub(super) kept: Option<OwnedFd>,
}

/// Fills the volume of `mount` where it is new and is to be filled, and says where it is. A part of it is given as a descriptor of
/// ours, because a container that has the volume too could swap any path in it.
pub(super) fn source(engine: &Engine, mount: &MountRecord, snapshot: &Snapshot) -> Result<Option<Source>> {
    let MountSource::Volume { name, no_copy, subpath, .. } = &mount.source else { return Ok(None) };
    let volume = engine.volumes.get(name)?;
    if !no_copy {
        let image = Root::from_fd(identity::read_only(snapshot)?);
        engine.volumes.fill(&volume, &image, Path::new(&mount.destination))?;
    }
    if subpath.is_empty() {
        let path = engine.volumes.path(&volume)?.to_string_lossy().into_owned();
        return Ok(Some(Source { path, kept: None }));
    }
    let part = engine.volumes.open_below(&volume, Path::new(subpath))?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), part.as_raw_fd());
    Ok(Some(Source { path, kept: Some(part) }))
}

impl Engine {
    /// Makes the volumes that a new container names and that do not exist yet.
    pub(crate) fn make_volumes(&self, record: &Record) -> Result<()> {
        for mount in record.mounts.iter() {
            if let MountSource::Volume { name, anonymous, .. } = &mount.source {
                let (name, anonymous) = (name.clone(), *anonymous);
                self.volumes.create(NewVolume { name, anonymous, ..NewVolume::default() })?;
            }
        }
        Ok(())
    }
}
