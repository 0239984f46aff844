//! Where mounts come from on the host.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use knarr_model::{Fault, Kind, Result, Snapshot};

use super::volumes;
use crate::Engine;
use crate::containers::spec::ResolvedMount;
use crate::containers::{MountSource, Record};

/// The source of each mount of the record, and the descriptors that must stay open until the runtime has mounted them. Volumes are
/// filled from the image on their first use.
pub(super) fn resolve(
    engine: &Engine,
    record: &Record,
    snapshot: &Snapshot,
) -> Result<(Vec<ResolvedMount>, Vec<OwnedFd>)> {
    let (mut mounts, mut kept) = (Vec::new(), Vec::new());
    for mount in record.mounts.iter() {
        let source = match &mount.source {
            MountSource::Bind { path, create, .. } => bind(path, *create)?,
            MountSource::Volume { .. } | MountSource::Tmpfs { .. } => match volumes::source(engine, mount, snapshot)? {
                Some(source) => {
                    kept.extend(source.kept);
                    source.path
                }
                None => String::new(),
            },
        };
        mounts.push(ResolvedMount { record: mount.clone(), source });
    }
    Ok((mounts, kept))
}

/// A host path; in the short form (`-v`) a missing one is made, as Docker does.
fn bind(path: &str, create: bool) -> Result<String> {
    match check_bind_source(path) {
        Err(fault) if fault.kind() == Kind::Invalid && create => {
            fs::create_dir_all(path).map_err(|e| Fault::io(format!("make the bind source {path}"), e))?;
        }
        checked => checked?,
    }
    Ok(path.to_owned())
}

/// Refuses a source that is not there.
pub(crate) fn check_bind_source(path: &str) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Fault::invalid(format!(
            "invalid mount config for type \"bind\": bind source path does not exist: {path}"
        ))),
        Err(error) => Err(Fault::io(format!("look at the bind source {path}"), error)),
    }
}
