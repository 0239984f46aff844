//! The images that stages start from.

use std::collections::BTreeMap;
use std::sync::Arc;

use knarr_build::ports::{Base, Images};
use knarr_images::Image;
use knarr_model::{Kind, Platform, Progress, Reference, Result, Step};
use knarr_transfer::Credentials;
use tokio::runtime::Handle;

use super::teller::Teller;
use crate::{Engine, Pull};

/// Finds bases here, or in their registries.
pub(super) struct Bases<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) runtime: &'a Handle,
    pub(super) credentials: &'a BTreeMap<String, Credentials>,
    pub(super) teller: &'a Teller,
}

impl Images for Bases<'_> {
    fn resolve(&self, reference: &str, platform: &Platform, pull: bool) -> Result<Base> {
        let here = match self.engine.images.resolve(reference).map_err(knarr_model::Fault::from) {
            Ok(image) => Some(image),
            Err(fault) if fault.kind() == Kind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        let fits = |image: &Image| platform.accepts(&image.config().platform());
        match (here, reference.parse::<Reference>()) {
            (Some(image), _) if !pull && fits(&image) => Ok(base(image)),
            // An id is here or nowhere.
            (Some(image), Err(_)) => Ok(base(image)),
            (Some(image), Ok(name)) if by_id(&image, reference, &name) => Ok(base(image)),
            (_, name) => {
                self.pull(&name?, platform)?;
                Ok(base(self.engine.images.resolve(reference)?))
            }
        }
    }
}

impl Bases<'_> {
    fn pull(&self, reference: &Reference, platform: &Platform) -> Result<()> {
        let credentials = self.credentials.get(reference.domain()).cloned().unwrap_or_default();
        let (reference, platform) = (reference.clone(), Some(platform.clone()));
        let pull = Pull { reference, all_tags: false, platform, up_to: None, peers: Vec::new(), credentials };
        let progress: Arc<dyn Progress> = Arc::new(Lines(self.teller.clone()));
        self.runtime.block_on(self.engine.pull(&pull, &progress)).map(drop)
    }
}

/// The text is the beginning of the image's id, not one of its names.
fn by_id(image: &Image, text: &str, name: &Reference) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    image.id.hex().starts_with(digits) && !image.tags.contains(name)
}

fn base(image: Image) -> Base {
    Base { id: image.id.clone(), config: image.record.config }
}

/// A pull's progress as lines of the build's output: phases and remarks, no bytes.
struct Lines(Teller);

impl Progress for Lines {
    fn step(&self, step: Step<'_>) {
        let line = match step {
            Step::Say { id: "", text } => format!("{text}\n"),
            Step::Say { id, text } | Step::Phase { id, text } => format!("{id}: {text}\n"),
            Step::Exists { id } => format!("{id}: Already exists\n"),
            Step::Bytes { .. } => return,
        };
        self.0.mention(line);
    }
}
