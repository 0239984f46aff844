//! Volumes: one file a verb; the volume room does the work.

mod archive;
mod create;
mod inspect;
mod prune;
mod remove;
mod users;

pub use archive::VolumeExport;

use knarr_volumes::Volume;

use crate::Event;

/// An event about a volume.
fn event(action: &str, volume: &Volume) -> Event {
    Event::new("volume", action, volume.name.as_str()).with("driver", "local")
}
