//! `system df`.

use std::path::Path;
use std::sync::Arc;

use knarr_api::system::DiskUsage;
use knarr_api::{container, image};
use knarr_model::{Fault, Result};
use knarr_sys::path::disk_usage;

use crate::Engine;
use crate::containers::ListOptions;
use crate::engine::blocking;
use crate::images::ImageQuery;

impl Engine {
    /// What lies on the disk: images with what they share, containers, volumes with who uses them, and what is in quarantine. The build cache is the images
    /// of earlier steps, which are among the images. All sizes but those of single images are what `du` says.
    pub async fn disk_usage(self: &Arc<Self>) -> Result<DiskUsage> {
        let engine = self.clone();
        let images = blocking(move || Ok((engine.used_images()?, engine.layers_size()?, engine.quarantined()?)));
        let (images, layers_size, quarantine) = images.await?;
        let volumes = self.volumes_in_use().await?;
        Ok(DiskUsage {
            layers_size,
            images,
            containers: self.used_containers().await?,
            volumes,
            build_cache: Vec::new(),
            quarantine,
        })
    }

    /// All containers, their sizes being what their folders take: what they have written, and their logs.
    async fn used_containers(self: &Arc<Self>) -> Result<Vec<container::Summary>> {
        let everything = ListOptions { all: true, ..ListOptions::default() };
        let mut containers = self.list(&everything).await?;
        let root = self.roots.data("containers");
        blocking(move || {
            for container in &mut containers {
                let bytes = measure(&root.join(&container.id))?;
                container.size_rw = Some(i64::try_from(bytes).unwrap_or(i64::MAX));
            }
            Ok(containers)
        })
        .await
    }

    fn used_images(&self) -> Result<Vec<image::Summary>> {
        let query = ImageQuery { all: true, shared_size: true, ..ImageQuery::default() };
        let mut images = self.list_images(&query)?;
        let containers = self.containers.all();
        for image in &mut images {
            let users = containers.iter().filter(|container| container.view().image_id == image.id);
            image.containers = i64::try_from(users.count()).unwrap_or(i64::MAX);
        }
        Ok(images)
    }

    /// What layers and blobs take, whole or arriving.
    fn layers_size(&self) -> Result<i64> {
        let blobs = measure(&self.roots.data("blobs"))? + measure(&self.roots.data("ingest"))?;
        Ok(i64::try_from(self.layers.disk_usage()? + blobs).unwrap_or(i64::MAX))
    }
}

/// What a tree takes on the disk.
pub(super) fn measure(path: &Path) -> Result<u64> {
    disk_usage(path).map_err(|e| Fault::io(format!("measure {}", path.display()), e))
}
