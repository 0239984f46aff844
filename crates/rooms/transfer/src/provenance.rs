//! What an image was built from, as the statement says that the builder left beside it: in-toto with a SLSA predicate, in an attestation manifest of the
//! same index (BuildKit's way).
//!
//! It is data of others. Taken of it are only images that it names by digest, and only where its subject is the image; what they are worth is decided by the
//! layers (decision 6).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, Index, Manifest};
use knarr_model::ports::Content;
use knarr_model::{Digest, Reference};
use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::pull::{Image, PullRequest};
use crate::sink::on_blocking_thread;
use crate::sources::Sources;

/// Bytes of one statement.
const LIMIT: u64 = 4 << 20;
/// Statements that are looked at.
const STATEMENTS: usize = 4;
/// For all of it: the pull waits for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Images that are taken of them.
const MATERIALS: usize = 64;

/// BuildKit's marks on an index's entries.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
/// What the layer of an attestation manifest says of itself.
const STATEMENT: &str = "application/vnd.in-toto+json";
const PREDICATE: &str = "in-toto.io/predicate-type";
const SLSA: &str = "https://slsa.dev/provenance/";

/// An image that a build has used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// What the builder called it.
    pub name: Option<Reference>,
    /// The digest of its manifest or index.
    pub digest: Digest,
}

impl Client {
    /// The images that the build of an opened image has used. Where nothing is said, or what is said cannot be had or read, there are none.
    pub async fn provenance(&self, request: &PullRequest, image: &Image, content: &Arc<dyn Content>) -> Vec<Material> {
        match tokio::time::timeout(PATIENCE, self.look(request, image, content)).await {
            Ok(Ok(materials)) => materials,
            Err(_) => {
                tracing::info!(image = %request.reference.familiar(), "the provenance takes too long to come");
                Vec::new()
            }
            Ok(Err(error)) => {
                tracing::info!(image = %request.reference.familiar(), %error, "no provenance");
                Vec::new()
            }
        }
    }

    async fn look(
        &self,
        request: &PullRequest,
        image: &Image,
        content: &Arc<dyn Content>,
    ) -> Result<Vec<Material>, Error> {
        if image.target.digest == image.manifest.digest {
            return Ok(Vec::new());
        }
        let (here, target) = (Arc::clone(content), image.target.digest.clone());
        let bytes = on_blocking_thread(move || here.read(&target, DOCUMENT_LIMIT)).await?;
        let Ok((Document::Index(index), _)) = Document::parse(&bytes, Some(&image.target.media_type)) else {
            return Ok(Vec::new());
        };
        let Some(entry) = attestation(&index, &image.manifest.digest) else { return Ok(Vec::new()) };
        let sources = self.sources(&request.reference, &request.credentials, &request.peers).await?;
        let found = sources.document(&request.reference, entry.digest.as_str()).await?;
        let Document::Manifest(manifest) = found.document else { return Ok(Vec::new()) };
        statements(&sources, &manifest, &image.manifest.digest).await
    }
}

/// The entry about a manifest of the same index.
fn attestation<'a>(index: &'a Index, manifest: &Digest) -> Option<&'a Descriptor> {
    let says =
        |entry: &Descriptor, key: &str, value: &str| entry.annotations.get(key).is_some_and(|said| said == value);
    index.manifests.iter().find(|entry| {
        says(entry, REFERENCE_TYPE, "attestation-manifest") && says(entry, REFERENCE_DIGEST, manifest.as_str())
    })
}

async fn statements(sources: &Sources, manifest: &Manifest, about: &Digest) -> Result<Vec<Material>, Error> {
    let is_provenance = |layer: &&Descriptor| {
        let predicate = layer.annotations.get(PREDICATE);
        layer.media_type == STATEMENT && layer.size <= LIMIT && predicate.is_some_and(|kind| kind.starts_with(SLSA))
    };
    let mut materials = Vec::new();
    for layer in manifest.layers.iter().filter(is_provenance).take(STATEMENTS) {
        let bytes = sources.small(layer, LIMIT).await?;
        for material in read(&bytes, about) {
            if materials.len() < MATERIALS && !materials.contains(&material) {
                materials.push(material);
            }
        }
    }
    Ok(materials)
}

/// An in-toto statement, as far as it concerns us. `materials` is SLSA 0.2, `resolvedDependencies` 1.
#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "predicateType")]
    kind: String,
    subject: Vec<Subject>,
    predicate: Predicate,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Predicate {
    #[serde(default)]
    materials: Vec<Used>,
    #[serde(default, rename = "buildDefinition")]
    definition: Definition,
}

#[derive(Default, Deserialize)]
struct Definition {
    #[serde(default, rename = "resolvedDependencies")]
    dependencies: Vec<Used>,
}

#[derive(Deserialize)]
struct Used {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

/// The images in a statement that is about this manifest; none in any other, or in what is no statement.
fn read(bytes: &[u8], about: &Digest) -> Vec<Material> {
    let Ok(statement) = serde_json::from_slice::<Statement>(bytes) else { return Vec::new() };
    let ours = |subject: &Subject| sha256(&subject.digest).is_some_and(|digest| digest == *about);
    if !statement.kind.starts_with(SLSA) || !statement.subject.iter().any(ours) {
        return Vec::new();
    }
    let used = statement.predicate.materials.into_iter().chain(statement.predicate.definition.dependencies);
    used.filter_map(|used| material(&used)).collect()
}

/// An image, by its package URL: `pkg:docker/debian@12?platform=linux%2Famd64`. What has no digest could be any image.
fn material(used: &Used) -> Option<Material> {
    let package = used.uri.strip_prefix("pkg:docker/").or_else(|| used.uri.strip_prefix("pkg:oci/"))?;
    let bare = package.split(['?', '#']).next().unwrap_or_default();
    let name = match bare.rsplit_once('@') {
        Some((name, tag)) if !tag.contains(':') && !tag.contains('%') => format!("{name}:{tag}"),
        Some((name, _)) => name.to_owned(),
        None => bare.to_owned(),
    };
    Some(Material { name: name.replace("%3A", ":").parse().ok(), digest: sha256(&used.digest)? })
}

fn sha256(digests: &BTreeMap<String, String>) -> Option<Digest> {
    format!("sha256:{}", digests.get("sha256")?).parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(of: &str) -> Digest {
        Digest::of(of.as_bytes())
    }

    fn used(uri: &str, of: &str) -> serde_json::Value {
        json!({"uri": uri, "digest": {"sha256": digest(of).hex()}})
    }

    fn read_json(statement: &serde_json::Value) -> Vec<Material> {
        read(statement.to_string().as_bytes(), &digest("image"))
    }

    #[test]
    fn both_versions_of_the_predicate_name_images_by_digest() {
        let all = [used("pkg:docker/debian@12?platform=linux%2Famd64", "base"), used("https://example/x.tar", "other")];
        let subject = json!([{"name": "_", "digest": {"sha256": digest("image").hex()}}]);
        let old = json!({"predicateType": "https://slsa.dev/provenance/v0.2", "subject": subject, "predicate": {"materials": all}});
        let new = json!({"predicateType": "https://slsa.dev/provenance/v1", "subject": subject,
            "predicate": {"buildDefinition": {"resolvedDependencies": all}}});
        let base = Material { name: Some("debian:12".parse().unwrap()), digest: digest("base") };
        assert_eq!(read_json(&old), std::slice::from_ref(&base));
        assert_eq!(read_json(&new), [base]);
    }

    #[test]
    fn what_is_about_another_image_or_without_a_digest_says_nothing() {
        let statement = |kind: &str, about: &str, all: &[serde_json::Value]| {
            read_json(&json!({"predicateType": kind, "predicate": {"materials": all},
                "subject": [{"digest": {"sha256": digest(about).hex()}}]}))
        };
        let base = [used("pkg:docker/debian@12", "base")];
        assert_eq!(statement("https://slsa.dev/provenance/v0.2", "image", &base).len(), 1);
        assert_eq!(statement("https://slsa.dev/provenance/v0.2", "another", &base), []);
        assert_eq!(statement("https://spdx.dev/Document", "image", &base), []);
        let nameless =
            [json!({"uri": "pkg:docker/debian@12"}), json!({"uri": "pkg:docker/x", "digest": {"sha256": "12"}})];
        assert_eq!(statement("https://slsa.dev/provenance/v1", "image", &nameless), []);
        for nonsense in ["", "null", "[]", "{}", r#"{"predicateType":1}"#] {
            assert_eq!(read(nonsense.as_bytes(), &digest("image")), [], "{nonsense}");
        }
    }

    #[test]
    fn names_are_read_as_builders_write_them() {
        let name = |uri: &str| {
            let used = Used { uri: uri.into(), digest: BTreeMap::from([("sha256".into(), digest("").hex().into())]) };
            material(&used).map(|material| material.name.map(|name| name.to_string()))
        };
        assert_eq!(name("pkg:docker/debian@12"), Some(Some("docker.io/library/debian:12".into())));
        assert_eq!(name("pkg:docker/r.example%3A5000/a/b@1?platform=x"), Some(Some("r.example:5000/a/b:1".into())));
        assert_eq!(name("pkg:docker/UPPER@1"), Some(None), "the digest is enough");
        assert_eq!(name("pkg:deb/debian/bash"), None);
    }
}
