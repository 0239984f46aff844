//! `images`.

use std::collections::BTreeMap;

use knarr_api::image::Summary;
use serde_json::Value;

use super::container_rows::short_id;
use super::filters::{ListArgs, with_filters};
use super::reference::split_reference;
use super::tree;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{Row, clock, long_size, short_size, since};

/// List images
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] [REPOSITORY[:TAG]]")]
pub(crate) struct Args {
    /// Also intermediate images of builds
    #[arg(short, long)]
    all: bool,
    /// Show digests
    #[arg(long)]
    digests: bool,
    #[command(flatten)]
    list: ListArgs,
    /// As a tree, by the layers that they stand on (knarr tree)
    #[arg(long, conflicts_with_all = ["digests", "filter", "format", "name", "no_trunc", "quiet"])]
    tree: bool,
    /// Only this name
    #[arg(value_name = "REPOSITORY[:TAG]")]
    name: Option<String>,
}

/// Columns and their heads.
pub(super) const HEADS: &[(&str, &str)] = &[
    ("ID", "IMAGE ID"),
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("Digest", "DIGEST"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("Size", "SIZE"),
    ("Containers", "CONTAINERS"),
    ("SharedSize", "SHARED SIZE"),
    ("UniqueSize", "UNIQUE SIZE"),
    ("VirtualSize", "SIZE"),
];

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        if self.tree {
            return tree::list(client, self.all).await.map(|()| 0);
        }
        let mut filters = self.list.filter.filters();
        if let Some(name) = &self.name {
            filters.entry("reference".into()).or_default().insert(name.clone(), true);
        }
        let call = Call::get(&["images", "json"]).flag("all", self.all).flag("digests", self.digests);
        let list: Vec<Summary> = client.json(with_filters(call, &filters)).await?;
        let digests = self.digests || self.list.format.as_deref().is_some_and(|f| f.contains(".Digest"));
        let rows: Vec<Row> = list.iter().flat_map(|image| rows(image, self.list.no_trunc, digests)).collect();
        let digest = if self.digests { "{{.Digest}}\t" } else { "" };
        let table = format!(
            "{{{{.Repository}}}}\t{{{{.Tag}}}}\t{digest}{{{{.ID}}}}\t{{{{if .CreatedSince}}}}{{{{.CreatedSince}}}}{{{{else}}}}N/A{{{{end}}}}\t{{{{.Size}}}}"
        );
        self.list.listing(&table, HEADS).print(&rows)?;
        Ok(0)
    }
}

/// One row a name; with digests, one a name and digest.
pub(super) fn rows(image: &Summary, whole: bool, digests: bool) -> Vec<Row> {
    let names = names(image, digests);
    names.into_iter().map(|(repository, tag, digest)| row(image, whole, repository, tag, digest)).collect()
}

fn row(image: &Summary, whole: bool, repository: String, tag: String, digest: String) -> Row {
    let size = |bytes: i64| if bytes < 0 { "N/A".to_owned() } else { short_size(bytes as f64) };
    let long = |bytes: i64| if bytes < 0 { "N/A".to_owned() } else { long_size(bytes as f64) };
    let unique = if image.shared_size < 0 { -1 } else { image.size - image.shared_size };
    let columns = [
        ("ID", if whole { image.id.clone() } else { short_id(&image.id) }),
        ("Repository", repository),
        ("Tag", tag),
        ("Digest", digest),
        ("CreatedSince", since(image.created)),
        ("CreatedAt", clock(image.created)),
        ("Size", size(image.size)),
        ("Containers", if image.containers < 0 { "N/A".into() } else { image.containers.to_string() }),
        ("SharedSize", size(image.shared_size)),
        ("UniqueSize", long(unique)),
        ("VirtualSize", long(image.size)),
    ];
    columns.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
}

/// Repository, tag and digest of each row.
fn names(image: &Summary, digests: bool) -> Vec<(String, String, String)> {
    let none = || "<none>".to_owned();
    let known = |text: &&String| !text.starts_with("<none>");
    let tags: Vec<_> = image.repo_tags.iter().filter(known).map(|tag| split_reference(tag)).collect();
    let mut by_name: BTreeMap<String, String> = BTreeMap::new();
    for (name, digest) in image.repo_digests.iter().filter(known).filter_map(|text| text.split_once('@')) {
        by_name.insert(name.to_owned(), digest.to_owned());
    }
    let mut rows = Vec::new();
    for (name, tag) in &tags {
        let digest = by_name.get(name).filter(|_| digests).cloned().unwrap_or_else(none);
        rows.push((name.clone(), tag.clone().unwrap_or_else(none), digest));
    }
    // Names that only a digest is left of have a row of their own: a dangling image keeps its name.
    let untagged = by_name.iter().filter(|(name, _)| !tags.iter().any(|(tagged, _)| tagged == *name));
    rows.extend(untagged.map(|(name, digest)| (name.clone(), none(), if digests { digest.clone() } else { none() })));
    if rows.is_empty() {
        rows.push((none(), none(), none()));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_row() {
        let mut image = Summary { repo_tags: vec!["a:1".into(), "r:5000/b:2".into()], ..Summary::default() };
        image.repo_digests = vec!["a@sha256:9".into(), "c@sha256:8".into()];
        let shown: Vec<String> = names(&image, true).iter().map(|(n, t, d)| format!("{n} {t} {d}")).collect();
        assert_eq!(shown, ["a 1 sha256:9", "r:5000/b 2 <none>", "c <none> sha256:8"]);
        assert_eq!(names(&Summary::default(), false), [("<none>".into(), "<none>".into(), "<none>".into())]);
    }
}
