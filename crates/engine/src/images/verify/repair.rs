//! Damaged things are moved to quarantine; then blobs are fetched from where the image came from, and layers unpacked again.

use std::collections::HashSet;
use std::sync::Arc;

use knarr_images::Image;
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Fault, NoProgress, Progress, Result};
use knarr_transfer::Credentials;

use super::{Flaw, Thing, nowhere};
use crate::images::blocking;
use crate::{Engine, Pull};

impl Engine {
    /// Repairs what can be; of each image for which it could not be done the reason.
    pub(super) async fn repair(
        self: &Arc<Self>,
        flaws: &[Flaw],
        credentials: &Credentials,
    ) -> Result<Vec<(Digest, Fault)>> {
        let (engine, things) = (self.clone(), flaws.to_vec());
        blocking(move || engine.move_away(&things)).await?;
        let mut hints = Vec::new();
        let mut done = HashSet::new();
        for flaw in flaws.iter().filter(|flaw| done.insert(&flaw.image)) {
            if let Err(fault) = self.repair_image(&flaw.image, credentials).await {
                hints.push((flaw.image.clone(), fault));
            }
        }
        Ok(hints)
    }

    fn move_away(&self, flaws: &[Flaw]) -> Result<()> {
        for flaw in flaws {
            match &flaw.thing {
                Thing::Blob(digest) => self.content.quarantine(digest)?,
                Thing::Layer(chain) if self.layers.is_here(chain) => drop(self.layers.set_aside(chain)?),
                Thing::Layer(_) => {}
            }
            tracing::warn!(digest = %flaw.thing.digest(), problem = flaw.problem, "damaged: to be fetched or made again");
        }
        Ok(())
    }

    async fn repair_image(self: &Arc<Self>, id: &Digest, credentials: &Credentials) -> Result<()> {
        let image = self.images.get(id)?;
        let (engine, here) = (self.clone(), image.clone());
        if blocking(move || engine.made_here_again(&here)).await? {
            return Ok(());
        }
        let name = image.digests.first().ok_or_else(|| nowhere(&image))?;
        let pull = Pull {
            reference: name.clone(),
            all_tags: false,
            up_to: None,
            peers: Vec::new(),
            platform: Some(image.config().platform()),
            credentials: credentials.clone(),
        };
        let silent: Arc<dyn Progress> = Arc::new(NoProgress);
        // On the heap: a worker's stack is small, and a pull within a verification deep.
        Box::pin(self.pull(&pull, &silent)).await.map(drop)
    }

    /// Makes again what can be made of what is here: the config's bytes, layers from their archives, and archives, which are compressed again
    /// when they are next wanted. Whether that was all.
    fn made_here_again(&self, image: &Image) -> Result<bool> {
        if self.content.size(&image.id)?.is_none() && !self.config_made_again(image)? {
            return Ok(false);
        }
        let mut parent: Option<Digest> = None;
        for (chain, diff_id) in image.config().chain_ids().into_iter().zip(&image.config().rootfs.diff_ids) {
            if self.layers.get(&chain).is_none() {
                let Some(blob) = self.images.blob(diff_id)? else { return Ok(false) };
                self.layers.apply(self.content.open(&blob.digest)?, parent.as_ref(), Some(diff_id))?;
            }
            let own = self.layers.get(&chain).is_some_and(|layer| layer.own);
            if !own && self.images.blob(diff_id)?.is_none() {
                return Ok(false);
            }
            parent = Some(chain);
        }
        if !image.digests.is_empty() && self.lacks_archives(image)? {
            return Ok(false);
        }
        Ok(self.images.forget_lost(&image.id).map(|()| true)?)
    }

    /// Whether an archive that the image is known to have is not here.
    fn lacks_archives(&self, image: &Image) -> Result<bool> {
        let needs = self.images.needs()?.into_iter().find(|needs| needs.image.id == image.id);
        let blobs = needs.map(|needs| needs.blobs).unwrap_or_default();
        Ok(blobs.iter().any(|digest| !self.content.path(digest).exists()))
    }

    /// The config's bytes from what is recorded of it, where they come out the same.
    fn config_made_again(&self, image: &Image) -> Result<bool> {
        let encoded = serde_json::to_vec(image.config());
        let bytes = encoded.map_err(|e| Fault::internal("cannot write an image config").because(e))?;
        let same = Digest::of(&bytes) == image.id;
        if same {
            self.content.put(&bytes)?;
        }
        Ok(same)
    }
}
