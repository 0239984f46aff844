//! `image inspect`.

use std::collections::BTreeMap;

use knarr_api::container::GraphDriver;
use knarr_api::image::{Descriptor, Inspect, Metadata, RootFs};
use knarr_images::Image;
use knarr_model::Result;

use super::{config, familiar};
use crate::{Engine, Timestamp};

impl Engine {
    /// Everything about the image that `name` means.
    pub fn inspect_image(&self, name: &str) -> Result<Inspect> {
        let image = self.images.resolve(name)?;
        let own = image.config();
        let other = |key: &str| own.other.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let comment = own.history.last().and_then(|step| step.comment.clone());
        let tagged = image.record.last_tagged.clone();
        Ok(Inspect {
            id: image.id.to_string(),
            repo_tags: familiar(&image.tags),
            repo_digests: familiar(&image.digests),
            parent: image.record.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
            comment: comment.unwrap_or_default(),
            created: own.created.clone().unwrap_or_default(),
            docker_version: other("docker_version"),
            author: own.author.clone().unwrap_or_default(),
            config: Some(config::to_api(&own.config)?),
            architecture: own.architecture.clone(),
            variant: own.variant.clone().unwrap_or_default(),
            os: own.os.clone(),
            os_version: other("os.version"),
            size: i64::try_from(image.record.size).unwrap_or(i64::MAX),
            virtual_size: 0,
            graph_driver: self.graph_driver(&image)?,
            root_fs: RootFs {
                kind: own.rootfs.kind.clone(),
                layers: own.rootfs.diff_ids.iter().map(ToString::to_string).collect(),
            },
            metadata: Metadata { last_tag_time: tagged.unwrap_or_else(|| Timestamp::NEVER.to_string()) },
            descriptor: image.record.manifest.as_ref().map(|manifest| Descriptor {
                media_type: manifest.media_type.clone(),
                digest: manifest.digest.to_string(),
                size: i64::try_from(manifest.size).unwrap_or(i64::MAX),
            }),
        })
    }

    /// Where the image's files lie.
    fn graph_driver(&self, image: &Image) -> Result<GraphDriver> {
        let view = self.layers.view(image.top().as_ref())?;
        let mut paths = view.lowers.iter().map(|path| path.display().to_string());
        let mut data = BTreeMap::new();
        data.extend(paths.next().map(|upper| ("UpperDir".to_owned(), upper)));
        let lowers = paths.collect::<Vec<_>>().join(":");
        if !lowers.is_empty() {
            data.insert("LowerDir".to_owned(), lowers);
        }
        Ok(GraphDriver { data, name: "overlay2".into() })
    }
}
