//! `system df`.

use std::sync::Arc;

use knarr_api::image;
use knarr_api::system::DiskUsage;
use knarr_model::Result;

use crate::Engine;
use crate::containers::ListOptions;
use crate::engine::blocking;
use crate::images::ImageQuery;

impl Engine {
    /// What lies on the disk: images with what they share, containers with what they have written, volumes with who uses
    /// them. The build cache is the images of earlier steps, which are among the images.
    pub async fn disk_usage(self: &Arc<Self>) -> Result<DiskUsage> {
        let engine = self.clone();
        let (images, layers_size) = blocking(move || Ok((engine.used_images()?, engine.layers_size()?))).await?;
        let everything = ListOptions { all: true, size: true, ..ListOptions::default() };
        Ok(DiskUsage {
            layers_size,
            images,
            containers: self.list(&everything).await?,
            volumes: self.volumes_in_use().await?,
            build_cache: Vec::new(),
        })
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

    fn layers_size(&self) -> Result<i64> {
        let bytes: u64 = self.layers.list().iter().map(|layer| layer.size).sum();
        Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
    }
}
