//! Removing names and images, with Docker's rules: first planned on a snapshot, then applied, in one transaction.

use std::collections::BTreeMap;

use knarr_model::{Digest, Reference};
use knarr_store::Write;
use knarr_sys::failpoint;

use crate::error::{Error, Result};
use crate::image::Image;
use crate::images::Images;
use crate::needs::Needs;
use crate::resolve::{hex_digits, resolve};
use crate::tables::{self, BLOBS, IMAGES, MANIFESTS, REFERENCES};

/// How to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Also where several names, or stopped containers, need it.
    pub force: bool,
    /// Also the parents that nobody needs any more.
    pub prune: bool,
}

/// A container that uses an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The container's short id.
    pub container: String,
    /// Whether it runs.
    pub running: bool,
}

/// What was removed, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A name; the image it meant.
    Untagged(Reference, Digest),
    /// An image.
    Deleted(Digest),
}

/// What a deletion took away.
#[derive(Debug, Clone, PartialEq)]
pub struct Deleted {
    /// Names and images, in order.
    pub removed: Vec<Removed>,
    /// What the images that are gone have needed: the candidates of the collectors.
    pub freed: Vec<Needs>,
}

/// Says which containers use an image.
type Users<'a> = &'a dyn Fn(&Digest) -> Vec<Use>;

impl Images {
    /// Removes what `text` names. A name is taken away; when it was the last one, or an id was given, the image goes too,
    /// unless something needs it. Its layers and blobs are left for the collectors.
    pub fn delete(&self, text: &str, options: DeleteOptions, users: Users<'_>) -> Result<Deleted> {
        self.store.write(|tx| {
            let id = resolve(tx, text)?;
            let mut plan = Plan { images: tables::images(tx)?, users, removed: Vec::new(), gone: Vec::new() };
            plan.delete(&id, text, options)?;
            let gone = std::mem::take(&mut plan.gone).into_iter();
            let freed = gone.map(|image| self.needs_of(tx, image)).collect::<Result<_>>()?;
            apply(tx, &plan)?;
            failpoint!("store.image-deleting");
            Ok(Deleted { removed: plan.removed, freed })
        })
    }
}

/// The images as they will be, and what was removed on the way.
struct Plan<'a> {
    images: BTreeMap<Digest, Image>,
    users: Users<'a>,
    removed: Vec<Removed>,
    gone: Vec<Image>,
}

/// What keeps an image from being removed.
struct Conflict {
    error: Error,
    /// A container uses it.
    used: bool,
}

/// Which reasons count.
#[derive(Clone, Copy)]
struct Reasons {
    names: bool,
    stopped: bool,
}

impl Plan<'_> {
    fn delete(&mut self, id: &Digest, text: &str, options: DeleteOptions) -> Result<()> {
        let by_id = hex_digits(text).is_some_and(|digits| id.hex().starts_with(digits));
        let named = text.parse::<Reference>().ok().filter(|_| !by_id);
        match named {
            Some(reference) => {
                self.untag_one(id, &reference, options)?;
                if !self.names(id).is_empty() {
                    return Ok(());
                }
                self.remove(id, options, true)
            }
            None => {
                if single(&self.names(id)) {
                    let reasons = Reasons { names: false, stopped: !options.force };
                    self.conflict(id, reasons).map_or(Ok(()), |conflict| Err(conflict.error))?;
                    self.untag_all(id);
                }
                self.remove(id, options, false)
            }
        }
    }

    /// Takes one name away, and with the last tag of a repository its digests.
    fn untag_one(&mut self, id: &Digest, reference: &Reference, options: DeleteOptions) -> Result<()> {
        let user = (self.users)(id).into_iter().next();
        if let Some(user) = user.filter(|_| !options.force && single(&self.names(id))) {
            let (reference, image) = (reference.familiar(), id.short().to_owned());
            return Err(Error::InUse { reference, container: user.container, image });
        }
        let name = match reference.digest() {
            Some(digest) => reference.with_digest(digest.clone()),
            None => reference.clone(),
        };
        self.untag(id, &name);
        let rest = self.names(id);
        let same = |other: &&Reference| other.repository() == name.repository();
        if name.digest().is_none() && !rest.iter().filter(same).any(|other| other.digest().is_none()) {
            rest.iter().filter(same).for_each(|digest| self.untag(id, digest));
        }
        Ok(())
    }

    /// Removes an image, and upwards what nobody needs then. `quiet`: a name was removed already, so that an image which
    /// must stay is no failure.
    fn remove(&mut self, id: &Digest, options: DeleteOptions, quiet: bool) -> Result<()> {
        let reasons = Reasons { names: !options.force, stopped: !options.force };
        if let Some(conflict) = self.conflict(id, reasons) {
            let stays = quiet && (!self.names(id).is_empty() || conflict.used || self.has_children(id));
            return if stays { Ok(()) } else { Err(conflict.error) };
        }
        self.untag_all(id);
        let gone = self.images.remove(id);
        self.removed.push(Removed::Deleted(id.clone()));
        let parent = gone.as_ref().and_then(|image| image.record.parent.clone());
        self.gone.extend(gone);
        match parent {
            Some(parent) if options.prune && self.images.contains_key(&parent) => {
                self.remove(&parent, DeleteOptions { force: false, prune: true }, true)
            }
            _ => Ok(()),
        }
    }

    /// The first thing that needs an image.
    fn conflict(&self, id: &Digest, reasons: Reasons) -> Option<Conflict> {
        let needed = |hard, used, reason: String| {
            Some(Conflict { error: Error::Needed { image: id.short().to_owned(), hard, reason }, used })
        };
        let users = (self.users)(id);
        if self.has_children(id) {
            return needed(true, false, "image has dependent child images".into());
        }
        if let Some(user) = users.iter().find(|user| user.running) {
            return needed(true, true, format!("image is being used by running container {}", user.container));
        }
        if reasons.names && !self.names(id).is_empty() {
            return needed(false, false, "image is referenced in multiple repositories".into());
        }
        match users.first() {
            Some(user) if reasons.stopped => {
                needed(false, true, format!("image is being used by stopped container {}", user.container))
            }
            _ => None,
        }
    }

    fn has_children(&self, id: &Digest) -> bool {
        self.images.values().any(|image| image.record.parent.as_ref() == Some(id))
    }

    fn names(&self, id: &Digest) -> Vec<Reference> {
        let image = self.images.get(id);
        image.map_or_else(Vec::new, |image| image.tags.iter().chain(&image.digests).cloned().collect())
    }

    fn untag(&mut self, id: &Digest, name: &Reference) {
        if let Some(image) = self.images.get_mut(id) {
            image.tags.retain(|other| other != name);
            image.digests.retain(|other| other != name);
            self.removed.push(Removed::Untagged(name.clone(), id.clone()));
        }
    }

    fn untag_all(&mut self, id: &Digest) {
        for name in self.names(id) {
            self.untag(id, &name);
        }
    }
}

/// Whether at most one tag, and digests of one repository only, name an image.
fn single(names: &[Reference]) -> bool {
    let tags = names.iter().filter(|name| name.digest().is_none()).count();
    tags <= 1 && names.windows(2).all(|pair| pair[0].repository() == pair[1].repository())
}

fn apply(tx: &Write, plan: &Plan<'_>) -> Result<()> {
    for removed in &plan.removed {
        match removed {
            Removed::Untagged(name, _) => tx.delete(REFERENCES, &name.to_string())?,
            Removed::Deleted(id) => tx.delete(IMAGES, id.as_str())?,
        };
    }
    // Blobs of layers that no image has any more are forgotten, for the content's collector.
    let kept: std::collections::HashSet<_> =
        plan.images.values().flat_map(|image| &image.config().rootfs.diff_ids).map(Digest::as_str).collect();
    for (diff_id, _) in tx.list::<knarr_model::oci::Descriptor>(BLOBS)? {
        if !kept.contains(diff_id.as_str()) {
            tx.delete(BLOBS, &diff_id)?;
        }
    }
    let manifests: std::collections::HashSet<_> = plan
        .images
        .values()
        .filter_map(|image| image.record.manifest.as_ref())
        .map(|one| one.digest.as_str())
        .collect();
    for (manifest, _) in tx.list::<Vec<Digest>>(MANIFESTS)? {
        if !manifests.contains(manifest.as_str()) {
            tx.delete(MANIFESTS, &manifest)?;
        }
    }
    Ok(())
}
