//! `tag`.

use super::reference;
use crate::client::{Call, Client};
use crate::error::{Error, Result};

/// Give an image another name
#[derive(Debug, clap::Args)]
#[command(override_usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]")]
pub(crate) struct Args {
    /// An image's name or id
    #[arg(value_name = "SOURCE_IMAGE[:TAG]")]
    source: String,
    /// The new name
    #[arg(value_name = "TARGET_IMAGE[:TAG]")]
    target: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let wrong =
            |error| format!("Error parsing reference: {:?} is not a valid repository/tag: {error}", self.target);
        reference::parse(&self.target).map_err(|error| Error::invalid(wrong(error)))?;
        if self.target.contains('@') {
            return Err(Error::invalid("refusing to create a tag with a digest reference"));
        }
        let (name, tag) = reference::split_reference(&self.target);
        client.done(Call::post(&["images", &self.source, "tag"]).query("repo", name).maybe("tag", tag)).await?;
        Ok(0)
    }
}
