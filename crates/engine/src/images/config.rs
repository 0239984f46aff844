//! An image's configuration in the API's shape.

use knarr_api::image::ImageConfig;
use knarr_model::oci::RunConfig;
use knarr_model::{Fault, Result};

/// The API's `Config` has the members of the image's, and more.
pub(super) fn to_api(config: &RunConfig) -> Result<ImageConfig> {
    let convert = || serde_json::from_value(serde_json::to_value(config)?);
    convert().map_err(|e: serde_json::Error| Fault::internal("cannot show an image's configuration").because(e))
}
