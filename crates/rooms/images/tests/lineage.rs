//! The image tree: runs of layers, and edges with where each comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use knarr_content::Content;
use knarr_images::{Claim, Evidence, Images, Registration, Tree};
use knarr_model::Digest;
use knarr_model::oci::{Descriptor, ImageConfig, Manifest, media};
use knarr_model::ports::Content as _;
use knarr_store::Store;

struct Place {
    _dir: tempfile::TempDir,
    images: Images,
    content: Content,
}

/// An image to be.
#[derive(Default, Clone, Copy)]
struct New<'a> {
    layers: &'a [&'a str],
    name: &'a str,
    parent: Option<&'a Digest>,
    annotations: &'a [(&'a str, &'a str)],
    provenance: &'a [&'a Digest],
}

const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

fn layer(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let content = Content::open(dir.path()).unwrap();
        let store = Arc::new(Store::open(&dir.path().join("meta.db")).unwrap());
        Self { images: Images::new(store, Arc::new(content.clone())), content, _dir: dir }
    }

    /// Registers an image; its id and the digest of its manifest.
    fn add(&self, new: New<'_>) -> (Digest, Digest) {
        let mut config = ImageConfig::scratch();
        config.rootfs.diff_ids = new.layers.iter().map(|name| layer(name)).collect();
        config.author = Some(new.name.to_owned());
        let config = serde_json::to_vec(&config).unwrap();
        let manifest = self.manifest(&config, new.annotations);
        let claim =
            |digest: &&Digest| Claim { source: Evidence::Provenance, name: None, digest: Some((*digest).clone()) };
        let registration = Registration {
            config,
            manifest: Some(manifest.clone()),
            parent: new.parent.cloned(),
            provenance: new.provenance.iter().map(claim).collect(),
            names: Some(new.name)
                .filter(|name| !name.is_empty())
                .map(|name| name.parse().unwrap())
                .into_iter()
                .collect(),
            size: 0,
        };
        (self.images.register(registration).unwrap().id, manifest.digest)
    }

    fn manifest(&self, config: &[u8], annotations: &[(&str, &str)]) -> Descriptor {
        let descriptor = |media_type: &str, bytes: &[u8]| Descriptor {
            media_type: media_type.into(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            platform: None,
            annotations: BTreeMap::new(),
            artifact_type: None,
        };
        let manifest = Manifest {
            schema_version: 2,
            media_type: None,
            artifact_type: None,
            config: descriptor(media::OCI_CONFIG, config),
            layers: Vec::new(),
            subject: None,
            annotations: annotations.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        };
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let mut ingest = self.content.ingest("manifest").unwrap();
        ingest.write(&bytes).unwrap();
        ingest.commit(None, None).unwrap();
        descriptor(media::OCI_MANIFEST, &bytes)
    }

    fn tree(&self) -> Tree {
        Tree::of(self.images.leaves().unwrap(), false, &[])
    }
}

/// For each origin its evidence, the image it leads to, and whether it is contradicted.
fn origins(tree: &Tree, id: &Digest) -> Vec<(Evidence, Option<Digest>, bool)> {
    let edges = &tree.member(id).unwrap().edges;
    edges.iter().map(|edge| (edge.evidence, edge.image.clone(), edge.contradicted)).collect()
}

#[test]
fn layers_are_runs_that_end_where_something_hangs_or_stacks_part() {
    let place = Place::new();
    place.add(New { layers: &["a", "b", "c"], name: "one", ..New::default() });
    place.add(New { layers: &["a", "b", "d", "e"], name: "two", ..New::default() });
    place.add(New { layers: &["a", "b", "d", "e", "f"], name: "three", ..New::default() });
    let leaves = place.images.leaves().unwrap();
    let stack = [layer("a")];
    let tree = Tree::of(leaves, false, &[&stack]);
    let mut runs: Vec<_> = tree.nodes.iter().map(|node| (node.diff_ids.clone(), node.images)).collect();
    let mut expected = vec![
        (vec![layer("a")], 3),
        (vec![layer("b")], 3),
        (vec![layer("c")], 1),
        (vec![layer("d"), layer("e")], 2),
        (vec![layer("f")], 1),
    ];
    runs.sort();
    expected.sort();
    assert_eq!(runs, expected);
    for (index, node) in tree.nodes.iter().enumerate() {
        assert!(node.parent.is_none_or(|parent| parent < index));
        assert!(node.chain.iter().all(|chain| tree.place(chain) == Some(index)));
    }
}

#[test]
fn what_was_built_here_is_known_and_steps_without_a_name_are_left_out() {
    let place = Place::new();
    let (base, _) = place.add(New { layers: &["a"], name: "base", ..New::default() });
    let (step, _) = place.add(New { layers: &["a", "b"], parent: Some(&base), ..New::default() });
    let (built, _) = place.add(New { layers: &["a", "b", "c"], name: "built", parent: Some(&step), ..New::default() });
    let tree = place.tree();
    assert!(tree.member(&step).is_none());
    let shared = (Evidence::SharedLayers, None, false);
    assert_eq!(origins(&tree, &built), [(Evidence::Built, Some(base.clone()), false), shared.clone()]);
    assert_eq!(origins(&tree, &base), []);
    let all = Tree::of(place.images.leaves().unwrap(), true, &[]);
    assert_eq!(origins(&all, &built), [(Evidence::Built, Some(step), false), shared]);
}

#[test]
fn an_annotation_counts_where_the_layers_agree() {
    let place = Place::new();
    let (base, digest) = place.add(New { layers: &["a"], name: "base:1", ..New::default() });
    let said = [(BASE_NAME, "docker.io/library/base:1"), (BASE_DIGEST, digest.as_str())];
    let (right, _) = place.add(New { layers: &["a", "b"], name: "right", annotations: &said, ..New::default() });
    let (wrong, _) = place.add(New { layers: &["x", "b"], name: "wrong", annotations: &said, ..New::default() });
    let moved = [(BASE_NAME, "docker.io/library/base:1")];
    let (named, _) = place.add(New { layers: &["y"], name: "named", annotations: &moved, ..New::default() });
    let elsewhere = layer("elsewhere");
    let said = [(BASE_NAME, "base:2"), (BASE_DIGEST, elsewhere.as_str())];
    let (far, _) = place.add(New { layers: &["z"], name: "far", annotations: &said, ..New::default() });
    let tree = place.tree();
    let shared = (Evidence::SharedLayers, None, false);
    assert_eq!(origins(&tree, &right), [(Evidence::Annotation, Some(base), false), shared]);
    assert_eq!(origins(&tree, &wrong), [(Evidence::Annotation, None, true)], "layers have the last word");
    assert_eq!(origins(&tree, &named), [(Evidence::Annotation, None, false)], "a tag may have moved");
    let edge = &tree.member(&far).unwrap().edges[0];
    assert_eq!(
        (edge.name.as_ref().unwrap().familiar(), edge.digest.as_ref(), edge.node),
        ("base:2".into(), Some(&elsewhere), None)
    );
}

#[test]
fn what_provenance_names_is_an_origin_only_where_its_layers_are_below() {
    let place = Place::new();
    let (base, of_base) = place.add(New { layers: &["a"], name: "base", ..New::default() });
    let (_, of_tools) = place.add(New { layers: &["t"], name: "tools", ..New::default() });
    let materials = [&of_tools, &of_base, &layer("frontend")];
    let (built, _) = place.add(New { layers: &["a", "b"], name: "built", provenance: &materials, ..New::default() });
    let tree = place.tree();
    let expected = [(Evidence::Provenance, Some(base), false), (Evidence::SharedLayers, None, false)];
    assert_eq!(origins(&tree, &built), expected);
    assert_eq!(tree.member(&built).unwrap().leaf.claims.len(), 3);
}

#[test]
fn layers_alone_say_only_that_they_are_shared() {
    let place = Place::new();
    place.add(New { layers: &["a"], name: "base", ..New::default() });
    let (pulled, _) = place.add(New { layers: &["a", "b"], name: "pulled", ..New::default() });
    let (alone, _) = place.add(New { layers: &["q"], name: "alone", ..New::default() });
    let (empty, _) = place.add(New { name: "empty", ..New::default() });
    let tree = place.tree();
    assert_eq!(origins(&tree, &pulled), [(Evidence::SharedLayers, None, false)]);
    assert_eq!(tree.member(&pulled).unwrap().edges[0].node, tree.place(&layer("a")));
    assert_eq!(origins(&tree, &alone), []);
    assert_eq!((origins(&tree, &empty), tree.member(&empty).unwrap().node), (vec![], None));
}
