//! Where an image can come from: its mirrors in their order, then the registry itself.

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

/// A mirror; its failures are only reasons to ask the next.
#[derive(Debug)]
pub(crate) struct Mirror {
    remote: Remote,
    /// Whether it is asked which digest a tag has.
    resolves: bool,
    /// Whether it did not answer: it is not asked again.
    out: AtomicBool,
}

impl Mirror {
    pub(crate) fn new(remote: Remote, resolves: bool) -> Self {
        Self { remote, resolves, out: AtomicBool::new(false) }
    }

    /// Takes note of a failure. One of this machine is not the mirror's.
    fn failed(&self, error: Error) -> Result<(), Error> {
        if matches!(&error, Error::Content(fault) if fault.kind() != Kind::Invalid) {
            return Err(error);
        }
        if error.is_transient() || matches!(error, Error::Unreachable { .. }) {
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
        for mirror in self.usable().filter(|mirror| by_digest || mirror.resolves) {
            match mirror.remote.document(image, target).await {
                Ok(found) => return Ok(found),
                Err(error) => mirror.failed(error)?,
            }
        }
        self.registry.document(image, target).await
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
