//! `image verify`: everything that images need is read and compared with its digest; what is damaged is fetched or made again on demand.

mod look;
mod repair;

use std::sync::Arc;

use knarr_api::verify::{Damage, Verified};
use knarr_images::Image;
use knarr_model::{Digest, Fault, Kind, Result};
use knarr_transfer::Credentials;

use self::look::Found;
use super::blocking;
use crate::Engine;

/// What to look at, and what to do about it.
#[derive(Debug, Clone, Default)]
pub struct Verify {
    /// The images; all where none is named.
    pub images: Vec<String>,
    /// Fetch, or make again, what is damaged.
    pub repair: bool,
    /// Who asks a registry for it.
    pub credentials: Credentials,
}

/// A damaged thing: which image needs it, what it is, what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flaw {
    image: Digest,
    thing: Thing,
    problem: String,
}

/// A blob, or a layer by its chain id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Thing {
    Blob(Digest),
    Layer(Digest),
}

impl Thing {
    fn kind(&self) -> &'static str {
        match self {
            Self::Blob(_) => "blob",
            Self::Layer(_) => "layer",
        }
    }

    fn digest(&self) -> &Digest {
        match self {
            Self::Blob(digest) | Self::Layer(digest) => digest,
        }
    }
}

impl Engine {
    /// Looks for damage in images, and repairs it where that is wanted.
    pub async fn verify_images(self: &Arc<Self>, verify: Verify) -> Result<Verified> {
        let lease = self.lease();
        let wanted = self.wanted_images(&verify.images)?;
        let found = self.look_at(wanted.clone()).await?;
        let mut hints = Vec::new();
        let mut left = found.flaws.clone();
        if verify.repair && !left.is_empty() {
            hints = self.repair(&left, &verify.credentials).await?;
            left = self
                .look_at(wanted.into_iter().filter(|id| left.iter().any(|flaw| flaw.image == *id)).collect())
                .await?
                .flaws;
        }
        drop(lease);
        let engine = self.clone();
        let quarantine = blocking(move || engine.quarantined()).await?;
        Ok(Verified { quarantine, ..self.report(found, &left, &hints) })
    }

    /// The ids of the images that are named; of all where none is.
    fn wanted_images(&self, names: &[String]) -> Result<Vec<Digest>> {
        if names.is_empty() {
            return Ok(self.images.list()?.into_iter().map(|image| image.id).collect());
        }
        names.iter().map(|name| Ok(self.images.resolve(name)?.id)).collect()
    }

    async fn look_at(self: &Arc<Self>, images: Vec<Digest>) -> Result<Found> {
        let engine = self.clone();
        blocking(move || engine.look(&images)).await
    }

    fn report(&self, found: Found, left: &[Flaw], hints: &[(Digest, Fault)]) -> Verified {
        let damage = |flaw: Flaw| {
            let repaired = !left.iter().any(|other| other.thing == flaw.thing);
            let hint = hints.iter().find(|(image, _)| *image == flaw.image && !repaired);
            Damage {
                image: self.images.get(&flaw.image).map_or_else(|_| flaw.image.to_string(), |image| shown(&image)),
                kind: flaw.thing.kind().to_owned(),
                digest: flaw.thing.digest().to_string(),
                problem: flaw.problem,
                repaired,
                hint: hint.map(|(_, fault)| fault.full().to_string()).unwrap_or_default(),
            }
        };
        Verified {
            images: found.images,
            blobs: found.blobs,
            layers: found.layers,
            unknown: found.unknown.iter().map(ToString::to_string).collect(),
            damaged: found.flaws.into_iter().map(damage).collect(),
            ..Verified::default()
        }
    }
}

/// How people call an image.
fn shown(image: &Image) -> String {
    image.tags.first().or(image.digests.first()).map_or_else(|| image.id.to_string(), |name| name.familiar())
}

/// For what only a registry has.
fn nowhere(image: &Image) -> Fault {
    let text = format!("{} was not pulled from a registry: load or build it again", shown(image));
    Fault::new(Kind::NotFound, text)
}
