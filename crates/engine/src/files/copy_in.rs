//! `cp` into a container: `PUT /containers/NAME/archive`.

use std::io::Read;
use std::sync::Arc;

use knarr_layers::{Error, Options, decompress};
use knarr_model::{Fault, Kind, Result};
use knarr_sys::path::Root;
use rustix::fs::FileType;

use super::path;
use super::view::Access;
use crate::Engine;
use crate::containers::{Record, owner};
use crate::images::blocking;

/// How an archive is put into a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyIn {
    /// Refuse to put a file over a folder, or a folder over a file.
    pub keep_kinds: bool,
    /// Everything becomes the container's user's, instead of keeping the archive's owners.
    pub chown: bool,
}

impl Engine {
    /// Unpacks an archive, plain or compressed, into the folder `path` of a container.
    pub async fn copy_in(
        self: &Arc<Self>,
        name: &str,
        path: &str,
        how: CopyIn,
        source: impl Read + Send + 'static,
    ) -> Result<()> {
        let container = self.containers.find(name)?;
        let (engine, path) = (self.clone(), path.to_owned());
        blocking(move || {
            // Decompressed before the container's root is entered.
            let source = decompress(source)?;
            engine.with_root(&container, Access::Write, |root, record| extract(root, record, &path, how, source))
        })
        .await
    }
}

fn extract(root: &Root, record: &Record, path: &str, how: CopyIn, source: impl Read) -> Result<()> {
    let wanted = path::parse(path);
    let look = || root.node(&wanted.path)?.stat();
    let stat = look().map_err(|e| super::fault(e, path, record))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(Fault::invalid(format!("extraction point {path} is not a directory")));
    }
    let user = record.config.user.as_str();
    let owner = if how.chown && !user.is_empty() { Some(owner(root, user)?) } else { None };
    let at = wanted.path.strip_prefix("/").unwrap_or(&wanted.path);
    let options = Options { at, owner, keep_kinds: how.keep_kinds, ..Options::live() };
    match knarr_layers::unpack(root, source, &options) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
            Err(super::read_only())
        }
        Err(error @ Error::Overwrite(_)) => Err(Fault::new(Kind::Invalid, error.to_string())),
        other => Ok(other.map(drop)?),
    }
}
