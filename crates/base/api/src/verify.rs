//! Looking for damage: `/knarr/images/verify`. It is knarr's own; Docker has nothing like it.

use crate::system::Quarantined;
use crate::wire::{is_default, wire};

wire! {
    /// `POST /knarr/images/verify`.
    #[serde(rename_all = "PascalCase")]
    pub struct Verified {
        /// How many images were looked at.
        pub images: usize,
        /// How many blobs.
        pub blobs: usize,
        /// How many unpacked layers.
        pub layers: usize,
        /// Layers of which nothing can be said, because their archive, or the layer below, is not here.
        pub unknown: Vec<String>,
        /// What was found.
        pub damaged: Vec<Damage>,
        /// What was moved out of the way, now or earlier.
        pub quarantine: Vec<Quarantined>,
    }

    /// Something that is not what it was.
    #[serde(rename_all = "PascalCase")]
    pub struct Damage {
        /// An image that needs it.
        pub image: String,
        /// `blob` or `layer`.
        pub kind: String,
        /// The blob's digest or the layer's chain id.
        pub digest: String,
        /// What is wrong.
        pub problem: String,
        /// It was fetched or made again.
        pub repaired: bool,
        /// Why it could not be repaired.
        #[serde(skip_serializing_if = "is_default")]
        pub hint: String,
    }
}
