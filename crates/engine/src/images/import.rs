//! `import`: an image of one layer from an archive of files.

use std::io::Read;
use std::sync::Arc;

use knarr_images::Registration;
use knarr_model::oci::{History, ImageConfig, RunConfig};
use knarr_model::{Digest, Fault, Platform, Reference, Result};

use super::blocking;
use crate::{Engine, Timestamp};

/// What to make of an archive.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// The image's name, if it is to have one.
    pub name: Option<Reference>,
    /// A remark for its history.
    pub message: String,
    /// Dockerfile instructions that make up its configuration.
    pub changes: Vec<String>,
    /// What it is for; none takes this machine's.
    pub platform: Option<Platform>,
}

impl Engine {
    /// Makes an image of an archive, plain or compressed.
    pub async fn import_image(
        self: &Arc<Self>,
        source: impl Read + Send + 'static,
        request: ImportRequest,
    ) -> Result<Digest> {
        let engine = self.clone();
        blocking(move || engine.leased(|| engine.import(source, request))).await
    }

    fn import(&self, source: impl Read + Send, request: ImportRequest) -> Result<Digest> {
        let config = knarr_build::solve::change(RunConfig::default(), &request.changes)?;
        let layer = self.layers.import(source)?;
        let image = describe(config, &layer.diff_id, &request);
        let encoded = serde_json::to_vec(&image);
        let new = Registration {
            config: encoded.map_err(|e| Fault::internal("cannot write an image config").because(e))?,
            size: layer.size,
            names: request.name.iter().cloned().collect(),
            ..Default::default()
        };
        let id = self.images.register(new)?.id;
        self.image_event("import", &id, request.name.map_or_else(|| id.to_string(), |name| name.familiar()));
        Ok(id)
    }
}

fn describe(config: RunConfig, diff_id: &Digest, request: &ImportRequest) -> ImageConfig {
    let platform = request.platform.clone().unwrap_or_else(Platform::host);
    let now = Timestamp::now().to_string();
    let comment = Some(request.message.as_str()).filter(|text| !text.is_empty()).unwrap_or("Imported from -");
    let step = History { created: Some(now.clone()), comment: Some(comment.to_owned()), ..Default::default() };
    let mut image = ImageConfig::scratch();
    image.created = Some(now);
    (image.os, image.architecture, image.variant) = (platform.os, platform.architecture, platform.variant);
    image.config = config;
    image.rootfs.diff_ids = vec![diff_id.clone()];
    image.history = vec![step];
    image
}
