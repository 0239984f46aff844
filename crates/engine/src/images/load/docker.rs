//! Docker's archive: `manifest.json` names configs, tags and layers.

use knarr_images::Registration;
use knarr_model::oci::{ImageConfig, null_default};
use knarr_model::{Fault, Reference, Result};
use serde::Deserialize;

use super::Loaded;
use super::files::Files;
use crate::Engine;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    #[serde(default, deserialize_with = "null_default")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_default")]
    layers: Vec<String>,
}

impl Engine {
    pub(super) fn load_docker(&self, files: &Files) -> Result<Vec<Loaded>> {
        let items: Vec<Item> = files.json("manifest.json")?;
        items.iter().map(|item| self.load_item(files, item)).collect()
    }

    fn load_item(&self, files: &Files, item: &Item) -> Result<Loaded> {
        let names = item.repo_tags.iter().map(|tag| Ok(tag.parse::<Reference>()?)).collect::<Result<Vec<_>>>()?;
        let config = files.read(&item.config)?;
        let parsed: ImageConfig = serde_json::from_slice(&config)
            .map_err(|e| Fault::invalid(format!("{} in the archive is malformed", item.config)).because(e))?;
        let (layers, diff_ids) = (item.layers.len(), parsed.rootfs.diff_ids.len());
        if layers != diff_ids {
            let text = format!("invalid manifest, layers length mismatch: expected {diff_ids}, got {layers}");
            return Err(Fault::invalid(text));
        }
        let mut batch = self.layers.batch(None)?;
        for (path, diff_id) in item.layers.iter().zip(&parsed.rootfs.diff_ids) {
            self.load_layer(&files.open(path)?, &mut batch, diff_id)?;
        }
        let top = batch.top().cloned();
        batch.finish()?;
        let size = self.layers.size(top.as_ref())?;
        let image = self.images.register(Registration { config, size, names: names.clone(), ..Default::default() })?;
        Ok(Loaded { id: image.id, names })
    }
}
