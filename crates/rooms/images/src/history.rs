//! How an image came to be.

use knarr_model::Digest;
use knarr_model::oci::History;

use crate::error::Result;
use crate::image::Image;
use crate::images::Images;
use crate::tables;

/// One step of an image's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryItem {
    /// What the config says.
    pub step: History,
    /// The chain id of its layer, if it made one.
    pub layer: Option<Digest>,
    /// The image after this step, where it is here and known to be it; with its names.
    pub image: Option<Image>,
}

impl Images {
    /// The steps of an image, the newest first. Images after earlier steps are known through the parents that builds recorded.
    pub fn history(&self, id: &Digest) -> Result<Vec<HistoryItem>> {
        self.store.read(|tx| {
            let image = tables::image(tx, id)?;
            let mut steps = steps(&image);
            let mut known = Some(image);
            for step in steps.iter_mut().rev() {
                let Some(image) = known else { break };
                let parent = image.record.parent.clone();
                step.image = Some(image);
                known = parent.and_then(|parent| tables::image(tx, &parent).ok());
            }
            steps.reverse();
            Ok(steps)
        })
    }
}

/// The config's steps with their layers, the oldest first. A config without history has a step for each layer.
fn steps(image: &Image) -> Vec<HistoryItem> {
    let config = image.config();
    let mut layers = config.chain_ids().into_iter();
    let said = config.history.iter().cloned();
    let mut steps: Vec<_> = said
        .map(|step| HistoryItem { layer: if step.empty_layer { None } else { layers.next() }, step, image: None })
        .collect();
    steps.extend(layers.map(|layer| HistoryItem { step: History::default(), layer: Some(layer), image: None }));
    steps
}
