//! A container on given layers, for `RUN` of a build.

use std::sync::Arc;

use knarr_api::container::CreateRequest;
use knarr_images::Image;
use knarr_model::oci::{ImageConfig, RunConfig};
use knarr_model::{Digest, Result};

use super::super::actor::Actor;
use super::super::{Container, Record};
use super::validate;
use crate::Engine;

impl Engine {
    /// Makes a container on the layers of `image`. Nothing else of the image counts: what the container is, the request says. With
    /// `fleeting` it is removed by the next daemon where this one does not come to it.
    pub(crate) fn create_on_layers(
        self: &Arc<Self>,
        request: CreateRequest,
        id: Digest,
        image: &ImageConfig,
        fleeting: bool,
    ) -> Result<Arc<Container>> {
        validate::config(&request.config)?;
        validate::host(&request.host_config)?;
        let config = ImageConfig { config: RunConfig::default(), ..image.clone() };
        let record = knarr_images::Record::new(config);
        let image = Image { id, record, tags: Vec::new(), digests: Vec::new() };
        let record = Record { of_build: fleeting, ..self.plan(request, &image)? };
        let made = self.make_files(&record).and_then(|()| self.write_down(record.clone(), None));
        if made.is_err() {
            self.remove_files(&record);
        }
        Ok(Actor::spawn(self.clone(), made?, None))
    }
}
