//! Which image descends from which, and how that is known.

use std::collections::HashMap;

use knarr_model::Digest;

use crate::error::Result;
use crate::image::Image;
use crate::images::Images;

/// How a descent is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A build or commit here made the one on the other.
    Built,
    /// The one's layers begin with all the layers of the other.
    SharedLayers,
}

/// One edge of the image tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The descendant.
    pub child: Digest,
    /// What it descends from.
    pub parent: Digest,
    /// How that is known.
    pub evidence: Evidence,
}

impl Images {
    /// The edges of the image tree, at most one upwards for each image: what a build recorded, else the image with the
    /// longest run of shared lowest layers. Images without an edge have no known origin here.
    pub fn lineage(&self) -> Result<Vec<Edge>> {
        let images = self.list()?;
        let tops: HashMap<Digest, &Image> = images.iter().filter_map(|image| Some((image.top()?, image))).collect();
        Ok(images.iter().filter_map(|image| edge(image, &images, &tops)).collect())
    }
}

fn edge(image: &Image, images: &[Image], tops: &HashMap<Digest, &Image>) -> Option<Edge> {
    let child = image.id.clone();
    let recorded = image.record.parent.clone().filter(|parent| images.iter().any(|other| other.id == *parent));
    if let Some(parent) = recorded {
        return Some(Edge { child, parent, evidence: Evidence::Built });
    }
    let chain = image.config().chain_ids();
    let below = chain.iter().rev().skip(1).find_map(|layer| tops.get(layer))?;
    Some(Edge { child, parent: below.id.clone(), evidence: Evidence::SharedLayers })
}
