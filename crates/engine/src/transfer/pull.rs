//! `pull`: resolve, fetch what is missing, unpack while the rest arrives, name in one transaction.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};

use knarr_images::{Claim, Evidence, Image, Registration};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor};
use knarr_model::ports::{self, Content as _};
use knarr_model::{Digest, Fault, Kind, Platform, Progress, Reference, Result, Step};
use knarr_sys::failpoint;
use knarr_transfer::{Credentials, Material, OnLayer, Peer, PullRequest};

use super::branch;
use super::unpack::Unpack;
use crate::Engine;
use crate::images::{Lease, blocking};

/// What to pull.
#[derive(Debug, Clone)]
pub struct Pull {
    /// The image; without a tag and digest, all tags of the repository when `all_tags` is set.
    pub reference: Reference,
    /// Every tag of the repository.
    pub all_tags: bool,
    /// What it must run on; none takes this machine's.
    pub platform: Option<Platform>,
    /// Only its lowest layers: their number, or the beginning of a chain id, diff id or digest of the uppermost of them.
    pub up_to: Option<String>,
    /// Other daemons that share, asked before those of the daemon's settings.
    pub peers: Vec<Peer>,
    /// Who asks.
    pub credentials: Credentials,
}

impl Engine {
    /// Pulls an image, or all of a repository; the last one that was pulled. A failure names nothing and leaves only blobs
    /// that a second try goes on with.
    pub async fn pull(self: &Arc<Self>, pull: &Pull, progress: &Arc<dyn Progress>) -> Result<Image> {
        if !pull.all_tags {
            return self.pull_one(pull, &pull.reference, progress).await;
        }
        let tags = self.registries()?.tags(&pull.reference, &pull.credentials).await?;
        let missing = || Fault::not_found(format!("{} has no tags", pull.reference.familiar_name()));
        let mut last = None;
        for reference in &tags {
            last = Some(self.pull_one(pull, reference, progress).await?);
        }
        last.ok_or_else(missing)
    }

    async fn pull_one(
        self: &Arc<Self>,
        pull: &Pull,
        reference: &Reference,
        progress: &Arc<dyn Progress>,
    ) -> Result<Image> {
        let lease = self.lease();
        let request = PullRequest {
            reference: reference.clone(),
            platform: pull.platform.clone(),
            credentials: pull.credentials.clone(),
            similar: self.similar(reference),
            peers: self.peers(&pull.peers),
        };
        let before = self.images.resolve(&reference.to_string()).ok().map(|image| image.id);
        let fetched = self.fetch_and_unpack(&request, pull.up_to.as_deref(), progress).await;
        let registered = match fetched {
            Ok((fetched, provenance)) => {
                let (engine, names) = (Arc::clone(self), names(reference, &fetched.target));
                let branch = pull.up_to.is_some();
                blocking(move || match branch {
                    true => engine.register_branch(&fetched),
                    false => engine.register_pulled(&fetched, names, provenance),
                })
                .await
            }
            Err(fault) => Err(fault),
        };
        failpoint!("store.image-registered");
        match &registered {
            Ok(_) => drop(lease),
            Err(fault) => self.forget_failed(fault, lease).await,
        }
        let image = registered?;
        if pull.up_to.is_some() {
            let text = format!("Status: Layers of {} are image {}", reference.familiar(), image.id.short());
            progress.step(Step::Say { id: "", text: &text });
            return Ok(image);
        }
        let status = match before {
            Some(before) if before == image.id => "Image is up to date",
            _ => "Downloaded newer image",
        };
        progress.step(Step::Say { id: "", text: &format!("Status: {status} for {}", reference.familiar()) });
        self.image_event("pull", &image.id, reference.familiar());
        Ok(image)
    }

    /// These peers, then those of the settings; a host is asked once, and shown what the settings have for it where nothing else is known.
    fn peers(&self, named: &[Peer]) -> Vec<Peer> {
        let known = self.live.load();
        let of_settings = |host: &str| known.peers.iter().find(|peer| peer.host == host).cloned();
        let mut all: Vec<Peer> = Vec::new();
        for peer in named.iter().chain(&known.peers) {
            if all.iter().any(|other| other.host == peer.host) {
                continue;
            }
            let settled = (peer.credentials == Credentials::Anonymous).then(|| of_settings(&peer.host)).flatten();
            all.push(settled.unwrap_or_else(|| peer.clone()));
        }
        all
    }

    /// After a failure that a second try would meet again, nothing stays of the pull; after a cut line what
    /// arrived is kept.
    async fn forget_failed(self: &Arc<Self>, fault: &Fault, lease: Lease) {
        if matches!(fault.kind(), Kind::Unavailable | Kind::NotFound | Kind::Unauthorized | Kind::Forbidden) {
            return;
        }
        let engine = Arc::clone(self);
        let swept = blocking(move || {
            engine.sweep_failed(lease);
            Ok(())
        });
        // Only a thread that was lost is an error here, and the pull has one of its own to tell.
        let _ = swept.await;
    }

    /// Fetches the layers, and unpacks each as soon as it and those below it are here.
    async fn fetch_and_unpack(
        self: &Arc<Self>,
        request: &PullRequest,
        up_to: Option<&str>,
        progress: &Arc<dyn Progress>,
    ) -> Result<(knarr_transfer::Image, Vec<Claim>)> {
        let client = self.registries()?;
        let content: Arc<dyn ports::Content> = Arc::new(self.content.clone());
        let mut image = client.open(request, &content).await?;
        if let Some(node) = up_to {
            branch::cut(&mut image, node, &request.reference)?;
        }
        // Said only now, so that a door can still answer a failure with a status.
        let text = format!("Pulling from {}", request.reference.path());
        progress.step(Step::Say { id: request.reference.target(), text: &text });
        let (arrived, arrivals) = mpsc::channel();
        let unpack = Unpack::new(Arc::clone(self), &request.reference, &image, Arc::clone(progress));
        let unpacked = blocking(move || unpack.run(&arrivals));
        let fetched = async {
            // Dropped at the fetch's end, so that the unpacker does not wait for a layer that will not come.
            let on_layer = on_layer(arrived);
            client.fetch(request, &image, &content, progress.as_ref(), &on_layer).await
        };
        let (fetched, unpacked, materials) =
            tokio::join!(fetched, unpacked, client.provenance(request, &image, &content));
        // The fetch's failure is the cause of the unpacker's, where both fail.
        fetched?;
        unpacked?;
        progress.step(Step::Say { id: "", text: &format!("Digest: {}", image.target.digest) });
        Ok((image, materials.into_iter().map(claim).collect()))
    }

    /// Records the image, which archive each layer came as, and its names.
    fn register_pulled(
        &self,
        image: &knarr_transfer::Image,
        names: Vec<Reference>,
        provenance: Vec<Claim>,
    ) -> Result<Image> {
        self.images.remember_blobs(&archives(image))?;
        let top = image.config.chain_ids().pop();
        let registered = self.images.register(Registration {
            config: self.content.read(&image.document.config.digest, DOCUMENT_LIMIT)?,
            manifest: Some(image.manifest.clone()),
            size: self.layers.size(top.as_ref())?,
            names,
            provenance,
            ..Registration::default()
        });
        Ok(registered?)
    }
}

/// What is said to have been used is a claim until the layers have borne it out.
fn claim(material: Material) -> Claim {
    Claim { source: Evidence::Provenance, name: material.name, digest: Some(material.digest) }
}

/// Each layer with the archive that it came as.
pub(super) fn archives(image: &knarr_transfer::Image) -> Vec<(Digest, Descriptor)> {
    image.config.rootfs.diff_ids.iter().cloned().zip(image.document.layers.iter().cloned()).collect()
}

/// The tag, if one was asked for, and the digest that was found.
fn names(reference: &Reference, target: &Descriptor) -> Vec<Reference> {
    let tag = reference.tag().filter(|_| reference.digest().is_none());
    let tag = tag.and_then(|tag| reference.with_tag(tag).ok());
    tag.into_iter().chain([reference.with_digest(target.digest.clone())]).collect()
}

/// Passes arrivals on. A send that fails has an unpacker that failed, which tells by itself.
fn on_layer(arrived: Sender<usize>) -> OnLayer {
    Arc::new(move |index, _| {
        let _ = arrived.send(index);
    })
}
