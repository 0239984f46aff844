//! `volume export`, `volume import`: a volume's files as an archive.

use std::io::{Read, Write};
use std::sync::Arc;

use knarr_layers::{Options, decompress};
use knarr_model::{Fault, Result};
use knarr_sys::path::Root;

use super::event;
use crate::Engine;
use crate::engine::blocking;

/// A volume that is about to be exported.
pub struct VolumeExport {
    root: Root,
}

impl Engine {
    /// Opens a volume's files.
    pub async fn export_volume(self: &Arc<Self>, name: &str) -> Result<VolumeExport> {
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let root = engine.volume_root(&name)?;
            engine.events.publish(event("export", &engine.volumes.get(&name)?));
            Ok(VolumeExport { root })
        })
        .await
    }

    /// Unpacks an archive, plain or compressed, into a volume: what it has is put over what is there, the rest stays; so does what came before
    /// an error.
    pub async fn import_volume(self: &Arc<Self>, name: &str, source: impl Read + Send + 'static) -> Result<()> {
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let root = engine.volume_root(&name)?;
            unpack(&root, source)
                .map_err(|e| Fault::new(e.kind(), format!("cannot import into volume {name}")).because(e))?;
            engine.events.publish(event("import", &engine.volumes.get(&name)?));
            Ok(())
        })
        .await
    }

    fn volume_root(&self, name: &str) -> Result<Root> {
        let path = self.volumes.path(&self.volumes.get(name)?)?;
        Root::open(&path).map_err(|e| Fault::io(format!("open volume {name}"), e))
    }
}

fn unpack(root: &Root, source: impl Read + Send) -> Result<()> {
    let options = Options { own_root: true, ..Options::live() };
    knarr_layers::unpack(root, decompress(source)?, &options)?;
    Ok(())
}

impl VolumeExport {
    /// Writes the archive.
    pub async fn write(self, out: impl Write + Send + 'static) -> Result<()> {
        blocking(move || Ok(knarr_layers::export(&self.root, out).map(drop)?)).await
    }
}
