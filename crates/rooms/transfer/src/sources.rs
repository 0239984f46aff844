//! Where an image can come from: peers and mirrors in their order, then the registry itself.

use std::sync::atomic::{AtomicBool, Ordering};

use knarr_model::oci::{Descriptor, ImageConfig};
use knarr_model::{Digest, Kind, Reference};

use crate::documents::Resolved;
use crate::error::Error;
use crate::fetch::Target;
use crate::remote::Remote;

/// The places of one image.
#[derive(Debug)]
pub(crate) struct Sources {
    mirrors: Vec<Mirror>,
    pub(crate) registry: Remote,
}

/// When a mirror is asked which digest a tag has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Before the registry.
    First,
    /// Where the registry does not say.
    Last,
    Never,
}

/// A mirror, or a peer; its failures are only reasons to ask the next.
#[derive(Debug)]
pub(crate) struct Mirror {
    remote: Remote,
    tags: Tags,
    /// Whether it did not answer: it is not asked again.
    out: AtomicBool,
}

impl Mirror {
    pub(crate) fn new(remote: Remote, tags: Tags) -> Self {
        Self { remote, tags, out: AtomicBool::new(false) }
    }

    /// Takes note of a failure. One of this machine is not the mirror's.
    fn failed(&self, error: Error) -> Result<(), Error> {
        if matches!(&error, Error::Content(fault) if fault.kind() != Kind::Invalid) {
            return Err(error);
        }
        if error.is_transient() || error.is_refusal() || matches!(error, Error::Unreachable { .. }) {
            self.out.store(true, Ordering::Relaxed);
        }
        tracing::info!(mirror = self.remote.name(), %error, "a mirror did not serve");
        Ok(())
    }
}

impl Sources {
    pub(crate) fn new(mirrors: Vec<Mirror>, registry: Remote) -> Self {
        Self { mirrors, registry }
    }

    /// Who is asked first.
    pub(crate) fn first(&self) -> &Remote {
        self.usable().next().map_or(&self.registry, |mirror| &mirror.remote)
    }

    fn usable(&self) -> impl Iterator<Item = &Mirror> {
        self.mirrors.iter().filter(|mirror| !mirror.out.load(Ordering::Relaxed))
    }

    /// See [`Remote::document`]. Whoever is asked for a digest is believed only if it sends it.
    pub(crate) async fn document(&self, image: &Reference, target: &str) -> Result<Resolved, Error> {
        let by_digest = target.parse::<Digest>().is_ok();
        if let Some(found) = self.first_of(|tags| by_digest || tags == Tags::First, image, target).await? {
            return Ok(found);
        }
        let said = self.registry.document(image, target).await;
        if by_digest || said.is_ok() {
            return said;
        }
        // The registry knows best what its tag means; where it is not there, or has never had the image, a peer may.
        match self.first_of(|tags| tags == Tags::Last, image, target).await? {
            Some(found) => Ok(found),
            None => said,
        }
    }

    async fn first_of(
        &self,
        asked: impl Fn(Tags) -> bool,
        image: &Reference,
        target: &str,
    ) -> Result<Option<Resolved>, Error> {
        for mirror in self.usable().filter(|mirror| asked(mirror.tags)) {
            match mirror.remote.document(image, target).await {
                Ok(found) => return Ok(Some(found)),
                Err(error) => mirror.failed(error)?,
            }
        }
        Ok(None)
    }

    /// See [`Remote::config`].
    pub(crate) async fn config(&self, image: &Reference, blob: &Descriptor) -> Result<ImageConfig, Error> {
        for mirror in self.usable() {
            match mirror.remote.config(image, blob).await {
                Ok(config) => return Ok(config),
                Err(error) => mirror.failed(error)?,
            }
        }
        self.registry.config(image, blob).await
    }

    /// See [`Remote::small`].
    pub(crate) async fn small(&self, blob: &Descriptor, limit: u64) -> Result<Vec<u8>, Error> {
        let path = format!("blobs/{}", blob.digest);
        for mirror in self.usable() {
            match mirror.remote.small(&path, Some(&blob.digest), limit).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => mirror.failed(error)?,
            }
        }
        self.registry.small(&path, Some(&blob.digest), limit).await
    }

    /// See [`Remote::fetch`]. The next place goes on behind what the last one sent.
    pub(crate) async fn fetch(&self, blob: &Descriptor, target: &Target<'_>) -> Result<u64, Error> {
        for mirror in self.usable() {
            match mirror.remote.fetch(blob, target).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => mirror.failed(error)?,
            }
        }
        self.registry.fetch(blob, target).await
    }
}
