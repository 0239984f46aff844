//! `cp` from a container: `GET /containers/NAME/archive`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use knarr_api::container::PathStat;
use knarr_model::Result;
use knarr_sys::path::Root;

use super::path::{self, Wanted};
use super::stat;
use super::view::Access;
use crate::Engine;
use crate::containers::Container;
use crate::images::blocking;

/// A path of a container that is about to be archived.
pub struct CopyOut {
    engine: Arc<Engine>,
    container: Arc<Container>,
    wanted: Wanted,
    /// What the path is.
    pub stat: PathStat,
}

impl Engine {
    /// Looks a path of a container up.
    pub async fn copy_out(self: &Arc<Self>, name: &str, path: &str) -> Result<CopyOut> {
        let stat = self.stat_path(name, path).await?;
        let container = self.containers.find(name)?;
        Ok(CopyOut { engine: self.clone(), container, wanted: path::parse(path), stat })
    }
}

impl CopyOut {
    /// Writes the archive: of a folder with all that is in it, of anything else alone. Its members are named after the path's
    /// last name as it was written.
    pub async fn write(self, out: impl Write + Send + 'static) -> Result<()> {
        blocking(move || {
            let path = self.wanted.path.display().to_string();
            self.engine.with_root(&self.container, Access::Read, |root, record| {
                // Looked up again: what the path meant a moment ago may have been replaced.
                stat::node(root, &self.wanted).map_err(|e| super::fault(e, &path, record))?;
                pack(root, &self.wanted, out)
            })
        })
        .await
    }
}

fn pack(root: &Root, wanted: &Wanted, out: impl Write) -> Result<()> {
    // With a `.` at its end a path is followed to a folder.
    let path = if wanted.follow { wanted.path.join(".") } else { PathBuf::from(&wanted.path) };
    Ok(knarr_layers::pack(root, &path, &wanted.name, out).map(drop)?)
}
