//! Why layers and blobs stay. The sweep spares exactly what is told here, and [`Engine::kept_because`] tells it to people.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use knarr_images::Image;
use knarr_model::{ContainerId, Digest, Reference, Result};

use crate::{Engine, Record};

/// A reason for which a layer or a blob stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// An image has it.
    ByImage {
        /// The image.
        id: Digest,
        /// Its names, tags first; none of an untagged one.
        names: Vec<Reference>,
    },
    /// A container stands on it, running or not.
    ByContainer {
        /// The container.
        id: ContainerId,
        /// Its name.
        name: String,
    },
    /// A pull, build, load, import, commit or push that is going on has made or looked at it.
    ByWork,
    /// Nothing needs it. It is of work that was cut off, and stays a day for whoever takes that up again, or until a prune.
    Leftover,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByImage { id, names } => match names.first() {
                Some(name) => write!(f, "image {} ({})", name.familiar(), id.short()),
                None => write!(f, "untagged image {}", id.short()),
            },
            Self::ByContainer { id, name } => write!(f, "container {name} ({})", id.short()),
            Self::ByWork => f.write_str("work in progress"),
            Self::Leftover => f.write_str("nothing: left by work that was cut off, for a day or until a prune"),
        }
    }
}

/// Who needs something.
pub(super) enum User<'a> {
    Image(&'a Image),
    Container(&'a Record),
}

impl From<&User<'_>> for Kept {
    fn from(user: &User<'_>) -> Self {
        match user {
            User::Image(image) => Self::ByImage {
                id: image.id.clone(),
                names: image.tags.iter().chain(&image.digests).cloned().collect(),
            },
            User::Container(record) => Self::ByContainer { id: record.id.clone(), name: record.name.clone() },
        }
    }
}

/// Is told who needs which layers and which blobs.
type Tell<'a> = &'a mut dyn FnMut(User<'_>, &[Digest], &[Digest]);

/// What somebody needs.
#[derive(Default)]
pub(super) struct Needed {
    /// Layers, by chain id.
    pub(super) layers: HashSet<Digest>,
    /// Blobs.
    pub(super) blobs: HashSet<Digest>,
}

impl Engine {
    /// Why the layer (a chain id) or the blob `digest` stays; nothing where it is not here. Reads records, no files.
    pub fn kept_because(&self, digest: &Digest) -> Result<Vec<Kept>> {
        let mut reasons = Vec::new();
        self.each_need(&mut |user, layers, blobs| {
            if layers.contains(digest) || blobs.contains(digest) {
                reasons.push(Kept::from(&user));
            }
        })?;
        if self.content.is_leased(digest) || self.layers.is_leased(digest) {
            reasons.push(Kept::ByWork);
        }
        if reasons.is_empty() && (self.layers.is_here(digest) || self.content.path(digest).exists()) {
            reasons.push(Kept::Leftover);
        }
        Ok(reasons)
    }

    /// What somebody needs now.
    pub(super) fn needed(&self) -> Result<Needed> {
        let mut needed = Needed::default();
        self.each_need(&mut |_, layers, blobs| {
            needed.layers.extend(layers.iter().cloned());
            needed.blobs.extend(blobs.iter().cloned());
        })?;
        Ok(needed)
    }

    /// Calls `tell` with everybody who needs layers and blobs, and which.
    fn each_need(&self, tell: Tell<'_>) -> Result<()> {
        for needs in self.images.needs()? {
            tell(User::Image(&needs.image), &needs.layers, &needs.blobs);
        }
        for container in self.containers.all() {
            let record: Arc<Record> = container.view();
            tell(User::Container(&record), &self.layers.lineage(record.layer.as_ref()), &[]);
        }
        Ok(())
    }
}
