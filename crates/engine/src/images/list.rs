//! `images`.

use std::collections::HashSet;

use knarr_api::image::Summary;
use knarr_ignore::Glob;
use knarr_images::Image;
use knarr_model::{Digest, Fault, Reference, Result};

use super::{created, familiar};
use crate::{Engine, Filters, Timestamp};

/// Which images to list.
#[derive(Debug, Clone, Default)]
pub struct ImageQuery {
    /// Also the images of earlier build steps.
    pub all: bool,
    /// `dangling`, `label`, `before`, `since`, `until`, `reference`.
    pub filters: Filters,
    /// Count the bytes shared with other images.
    pub shared_size: bool,
}

const FILTERS: [&str; 6] = ["dangling", "label", "before", "since", "until", "reference"];

/// The filters, resolved.
struct Wanted<'a> {
    filters: &'a Filters,
    dangling: Option<bool>,
    before: Option<i64>,
    since: Option<i64>,
    until: Option<i64>,
    /// Images that others were built on.
    parents: HashSet<Digest>,
    all: bool,
}

impl Engine {
    /// The images that a query wants, the newest first.
    pub fn list_images(&self, query: &ImageQuery) -> Result<Vec<Summary>> {
        query.filters.only(&FILTERS)?;
        let images = self.images.list()?;
        let wanted = self.wanted(query, &images)?;
        let mut listed: Vec<_> = images.into_iter().filter_map(|image| wanted.take(image)).collect();
        listed.sort_by_key(|image| (std::cmp::Reverse(created(image)), image.id.clone()));
        let shared = if query.shared_size { Some(self.images.list()?) } else { None };
        listed.iter().map(|image| self.summary(image, shared.as_deref())).collect()
    }

    fn wanted<'a>(&self, query: &'a ImageQuery, images: &[Image]) -> Result<Wanted<'a>> {
        let filters = &query.filters;
        let of_image = |key: &str| match filters.get(key).first() {
            Some(name) => self.images.resolve(name).map(|image| Some(created(&image))).map_err(Fault::from),
            None => Ok(None),
        };
        Ok(Wanted {
            filters,
            dangling: filters.flag("dangling")?,
            before: of_image("before")?,
            since: of_image("since")?,
            until: filters.get("until").first().map(|text| until(text)).transpose()?,
            parents: images.iter().filter_map(|image| image.record.parent.clone()).collect(),
            all: query.all,
        })
    }

    fn summary(&self, image: &Image, others: Option<&[Image]>) -> Result<Summary> {
        let size = i64::try_from(image.record.size).unwrap_or(i64::MAX);
        let shared = others.map(|others| self.shared_size(image, others)).transpose()?;
        Ok(Summary {
            containers: -1,
            created: created(image),
            id: image.id.to_string(),
            labels: image.config().config.labels.clone(),
            parent_id: image.record.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
            repo_digests: familiar(&image.digests),
            repo_tags: familiar(&image.tags),
            shared_size: shared.unwrap_or(-1),
            size,
            virtual_size: 0,
        })
    }

    /// Bytes of the layers that another image has too.
    fn shared_size(&self, image: &Image, others: &[Image]) -> Result<i64> {
        let others = others.iter().filter(|other| other.id != image.id);
        let chains: HashSet<Digest> = others.flat_map(|other| other.config().chain_ids()).collect();
        let mut bytes = 0;
        for chain in image.config().chain_ids().iter().filter(|chain| chains.contains(chain)) {
            bytes += self.layers.get(chain).map_or(0, |layer| layer.size);
        }
        Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
    }
}

impl Wanted<'_> {
    /// The image with the names that are wanted of it; none where it is not.
    fn take(&self, mut image: Image) -> Option<Image> {
        let at = created(&image);
        let fits = self.before.is_none_or(|before| at < before)
            && self.since.is_none_or(|since| at > since)
            && self.until.is_none_or(|until| at < until)
            && self.filters.labels(&image.config().config.labels)
            && self.dangling.is_none_or(|dangling| dangling == image.dangling());
        // The image of an earlier step has no name, and others stand on it.
        let step = image.tags.is_empty() && image.digests.is_empty() && self.parents.contains(&image.id);
        if !fits || (step && !self.all) {
            return None;
        }
        let patterns = self.filters.get("reference");
        if patterns.is_empty() {
            return Some(image);
        }
        image.tags.retain(|name| patterns.iter().any(|pattern| name_matches(pattern, name)));
        image.digests.retain(|name| patterns.iter().any(|pattern| name_matches(pattern, name)));
        (!image.tags.is_empty() || !image.digests.is_empty()).then_some(image)
    }
}

/// A pattern is of the whole name or of the part before the tag. A malformed one matches nothing.
fn name_matches(pattern: &str, name: &Reference) -> bool {
    let matches = |glob: Glob| glob.matches(&name.familiar()) || glob.matches(&name.familiar_name());
    Glob::shallow(pattern).is_ok_and(matches)
}

/// A time, or an age such as `24h`.
pub(super) fn until(text: &str) -> Result<i64> {
    let bad = || Fault::invalid(format!("invalid filter 'until={text}': must be a time or an age such as 24h"));
    if let Some(time) = Timestamp::parse_query(text) {
        return Ok(time.seconds());
    }
    let age = text.parse::<jiff::SignedDuration>().map_err(|_| bad())?;
    Ok(Timestamp::now().seconds() - age.as_secs())
}
