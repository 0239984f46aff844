//! `manifest inspect`: what a registry has under a name.

use knarr_api::image::{Descriptor, Distribution, Platform};
use knarr_model::{Reference, Result};
use knarr_transfer::Credentials;

use crate::Engine;

impl Engine {
    /// Asks the registry; nothing is fetched.
    pub async fn inspect_distribution(&self, reference: &Reference, who: &Credentials) -> Result<Distribution> {
        let found = self.registries()?.inspect(reference, who).await?;
        let platform = |platform: knarr_model::Platform| Platform {
            architecture: platform.architecture,
            os: platform.os,
            variant: platform.variant.unwrap_or_default(),
        };
        Ok(Distribution {
            descriptor: Descriptor {
                media_type: found.descriptor.media_type,
                digest: found.descriptor.digest.to_string(),
                size: i64::try_from(found.descriptor.size).unwrap_or(i64::MAX),
            },
            platforms: found.platforms.into_iter().map(platform).collect(),
        })
    }
}
