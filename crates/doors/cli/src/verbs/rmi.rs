//! `rmi`.

use knarr_api::image::DeleteItem;

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;

/// Remove images
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE [IMAGE...]")]
pub(crate) struct Args {
    /// Also where a stopped container needs it, or it has several names
    #[arg(short, long)]
    force: bool,
    /// Keep untagged parents
    #[arg(long)]
    no_prune: bool,
    /// Names or ids
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let mut failed = false;
        // One after the other: several names may be of one image.
        for image in &self.images {
            let call = Call::delete(&["images", image]).flag("force", self.force).flag("noprune", self.no_prune);
            match client.json::<Vec<DeleteItem>>(call).await {
                Ok(items) => print(&items)?,
                Err(error) => {
                    error.report();
                    failed |= !(self.force && error.is_not_found());
                }
            }
        }
        if failed { Err(Error::Silent(1)) } else { Ok(0) }
    }
}

/// Prints what is gone.
pub(super) fn print(items: &[DeleteItem]) -> Result {
    for item in items {
        if !item.untagged.is_empty() {
            output::line(format!("Untagged: {}", item.untagged))?;
        }
        if !item.deleted.is_empty() {
            output::line(format!("Deleted: {}", item.deleted))?;
        }
    }
    Ok(())
}
