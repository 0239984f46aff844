//! Images: one file a verb. Names and lineage are the images room's, files the layers room's, blobs the content room's; here
//! they are joined, told to the event bus, and put into the API's shapes.

mod blobs;
mod compress;
mod config;
mod copy_out;
mod history;
mod import;
mod inspect;
mod keep;
mod lease;
mod list;
mod load;
mod prune;
mod reconcile;
mod remove;
mod save;
mod sweep;
mod tag;
mod users;
mod verify;
mod why_kept;

pub use compress::Compression;
pub use import::ImportRequest;
pub use keep::Kept;
pub use list::ImageQuery;
pub use load::{Archive, Loaded};
pub use save::Save;
pub use verify::Verify;

pub(crate) use crate::engine::blocking;
pub(crate) use lease::Lease;

use crate::{Engine, Event};
use knarr_images::Image;
use knarr_model::Digest;

impl Engine {
    /// Announces what happened to an image.
    pub(crate) fn image_event(&self, action: &str, id: &Digest, name: String) {
        let labels = self.images.get(id).map(|image| image.record.config.config.labels).unwrap_or_default();
        self.events.publish(Event::new("image", action, id.to_string()).with_all(&labels).with("name", name));
    }
}

/// The names of an image as people write them.
pub(crate) fn familiar(names: &[knarr_model::Reference]) -> Vec<String> {
    names.iter().map(knarr_model::Reference::familiar).collect()
}

/// Seconds since 1970 of an image's creation; 0 where it does not say.
fn created(image: &Image) -> i64 {
    seconds(image.config().created.as_deref())
}

/// Seconds since 1970 of an RFC 3339 time; 0 for none.
pub(crate) fn seconds(time: Option<&str>) -> i64 {
    let time = time.and_then(|text| text.parse::<crate::Timestamp>().ok()).filter(|time| !time.is_never());
    time.map_or(0, crate::Timestamp::seconds)
}
