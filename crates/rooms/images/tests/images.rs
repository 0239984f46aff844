//! Names, ids, history and removal.

use std::collections::BTreeSet;
use std::sync::Arc;

use knarr_content::Content;
use knarr_images::{DeleteOptions, Images, Registration, Removed, Use};
use knarr_model::oci::{Descriptor, ImageConfig, media};
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Kind, Reference, Result};
use knarr_store::Store;

struct Place {
    _dir: tempfile::TempDir,
    images: Images,
    content: Content,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let content = Content::open(dir.path()).unwrap();
    let store = Arc::new(Store::open(&dir.path().join("meta.db")).unwrap());
    Place { images: Images::new(store, Arc::new(content.clone())), content, _dir: dir }
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

/// A config with layers of these names and a history step for each.
fn config(layers: &[&str]) -> Vec<u8> {
    let mut config = ImageConfig::scratch();
    for layer in layers {
        config.rootfs.diff_ids.push(Digest::of(layer.as_bytes()));
        config.history.push(knarr_model::oci::History { created_by: Some((*layer).into()), ..Default::default() });
    }
    serde_json::to_vec(&config).unwrap()
}

impl Place {
    fn add(&self, layers: &[&str], parent: Option<&Digest>, names: &[&str]) -> Digest {
        let names = names.iter().map(|name| reference(name)).collect();
        let new = Registration { config: config(layers), parent: parent.cloned(), names, ..Default::default() };
        self.images.register(new).unwrap().id
    }

    fn delete(&self, text: &str, force: bool, users: &[(&Digest, bool)]) -> Result<Vec<String>> {
        let users = |id: &Digest| {
            let own = users.iter().filter(|(image, _)| *image == id);
            own.map(|(_, running)| Use { container: "c0ffee".into(), running: *running }).collect()
        };
        let removed = self.images.delete(text, DeleteOptions { force, prune: true }, &users)?.removed;
        let say = |removed: &Removed| match removed {
            Removed::Untagged(name, _) => name.familiar(),
            Removed::Deleted(id) => id.to_string(),
        };
        Ok(removed.iter().map(say).collect())
    }
}

#[test]
fn an_image_is_found_by_name_id_prefix_and_digest() {
    let place = place();
    let id = place.add(&["a"], None, &["debian", "other:1"]);
    let digest = Digest::of(b"manifest");
    let manifest = Descriptor {
        media_type: media::OCI_MANIFEST.into(),
        digest: digest.clone(),
        size: 8,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    };
    place.images.set_manifest(&id, manifest, Some(&reference("debian"))).unwrap();
    let by_digest = format!("debian@{digest}");
    let with_tag = format!("debian:12@{digest}");
    for text in [
        "debian",
        "docker.io/library/debian:latest",
        "other:1",
        id.as_str(),
        id.hex(),
        &id.hex()[..1],
        &by_digest,
        &with_tag,
        digest.as_str(),
    ] {
        assert_eq!(place.images.resolve(text).unwrap().id, id, "{text}");
    }
    let missing = place.images.resolve("nothing").unwrap_err();
    assert_eq!(missing.to_string(), "No such image: nothing:latest");
    assert!(place.images.resolve("Not A Name").is_err());
}

#[test]
fn an_ambiguous_prefix_is_refused() {
    let place = place();
    for n in 0..17 {
        place.add(&[&n.to_string()], None, &[]);
    }
    let ids: Vec<_> = place.images.list().unwrap().into_iter().map(|image| image.id).collect();
    let twice = ids.iter().find(|id| ids.iter().filter(|other| other.hex()[..1] == id.hex()[..1]).count() > 1).unwrap();
    let error = place.images.resolve(&twice.hex()[..1]).unwrap_err();
    assert!(error.to_string().contains("ambiguous"), "{error}");
}

#[test]
fn a_tag_moves_and_says_from_where() {
    let place = place();
    let (a, b) = (place.add(&["a"], None, &["x"]), place.add(&["b"], None, &[]));
    let moved = place.images.tag(&b, &[reference("x")]).unwrap();
    assert_eq!(moved, [(reference("x"), a.clone())]);
    assert!(place.images.get(&a).unwrap().dangling());
    let digest = reference(&format!("x:1@{}", Digest::of(b"")));
    assert!(place.images.tag(&b, &[digest]).is_err());
    assert!(place.images.tag(&b, &[reference("sha256:1")]).is_err());
    assert!(place.images.tag(&Digest::of(b"none"), &[reference("y")]).is_err());
    assert!(place.images.resolve("y").is_err(), "a failed tag leaves no name");
}

#[test]
fn wrong_configs_are_refused() {
    let place = place();
    for bad in [
        "",
        "{}",
        r#"{"architecture":"amd64","os":"windows","rootfs":{"type":"layers"}}"#,
        r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:../../x"]}}"#,
    ] {
        let new = Registration { config: bad.into(), ..Default::default() };
        assert!(place.images.register(new).is_err(), "{bad}");
    }
    assert!(place.images.list().unwrap().is_empty());
}

#[test]
fn history_knows_the_images_of_earlier_steps() {
    let place = place();
    let base = place.add(&["a"], None, &["base"]);
    let top = place.add(&["a", "b"], Some(&base), &["top"]);
    let steps = place.images.history(&top).unwrap();
    let said: Vec<_> =
        steps.iter().map(|s| (s.step.created_by.as_deref().unwrap(), s.image.as_ref().map(|i| i.id.clone()))).collect();
    assert_eq!(said, [("b", Some(top)), ("a", Some(base.clone()))]);
    assert_eq!(steps[1].layer, place.images.get(&base).unwrap().top());
}

#[test]
fn the_last_name_takes_the_image_with_it() {
    let place = place();
    let id = place.add(&["a"], None, &["x:1", "x:2"]);
    assert_eq!(place.delete("x:1", false, &[]).unwrap(), ["x:1"]);
    assert_eq!(place.delete("x:2", false, &[]).unwrap(), ["x:2", id.as_str()]);
    assert!(place.images.list().unwrap().is_empty());
}

#[test]
fn the_last_tag_takes_its_digests_with_it() {
    let place = place();
    let digest = format!("x@{}", Digest::of(b"m"));
    let id = place.add(&["a"], None, &["x:1", &digest]);
    assert_eq!(place.delete("x:1", false, &[]).unwrap(), ["x:1", &digest, id.as_str()]);
}

#[test]
fn several_names_keep_an_image_that_is_removed_by_id() {
    let place = place();
    let id = place.add(&["a"], None, &["x:1", "y:1"]);
    let error = place.delete(id.short(), false, &[]).unwrap_err();
    let expected = format!(
        "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
        id.short()
    );
    assert_eq!((error.kind(), error.message()), (Kind::Conflict, expected.as_str()));
    assert_eq!(place.delete(id.short(), true, &[]).unwrap(), ["x:1", "y:1", id.as_str()]);
}

#[test]
fn containers_keep_their_images() {
    let place = place();
    let id = place.add(&["a"], None, &["x:1"]);
    let by_name = place.delete("x:1", false, &[(&id, false)]).unwrap_err();
    assert!(by_name.message().contains("container c0ffee is using its referenced image"), "{by_name}");
    let by_id = place.delete(id.hex(), false, &[(&id, false)]).unwrap_err();
    assert!(by_id.message().contains("(must be forced) - image is being used by stopped container c0ffee"), "{by_id}");
    let running = place.delete(id.hex(), true, &[(&id, true)]).unwrap_err();
    assert!(running.message().contains("(cannot be forced) - image is being used by running container"), "{running}");
    assert_eq!(place.delete("x:1", true, &[(&id, true)]).unwrap(), ["x:1"], "the name goes, the image stays");
    assert_eq!(place.delete(id.hex(), true, &[(&id, false)]).unwrap(), [id.as_str()]);
}

#[test]
fn children_keep_their_parent_and_take_it_with_them() {
    let place = place();
    let base = place.add(&["a"], None, &[]);
    let middle = place.add(&["a", "b"], Some(&base), &[]);
    let top = place.add(&["a", "b", "c"], Some(&middle), &["top"]);
    let error = place.delete(base.hex(), true, &[]).unwrap_err();
    assert!(error.message().ends_with("(cannot be forced) - image has dependent child images"), "{error}");
    assert_eq!(place.delete("top", false, &[]).unwrap(), ["top:latest", top.as_str(), middle.as_str(), base.as_str()]);
}

#[test]
fn a_named_parent_stays() {
    let place = place();
    let base = place.add(&["a"], None, &["base"]);
    let top = place.add(&["a", "b"], Some(&base), &["top"]);
    assert_eq!(place.delete("top", false, &[]).unwrap(), ["top:latest", top.as_str()]);
    assert_eq!(place.images.resolve("base").unwrap().id, base);
}

#[test]
fn roots_are_configs_manifests_and_their_blobs() {
    let place = place();
    let blob = place.content.put(b"layer").unwrap();
    let describe = |digest: &Digest, size: u64, media_type: &str| Descriptor {
        media_type: media_type.into(),
        digest: digest.clone(),
        size,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    };
    let id = place.add(&["a"], None, &["x"]);
    let (bytes, manifest) =
        knarr_images::manifest(id.clone(), 1, vec![describe(&blob, 5, media::DOCKER_LAYER_GZIP)]).unwrap();
    place.content.put(&bytes).unwrap();
    place.images.set_manifest(&id, manifest.clone(), None).unwrap();
    place.images.remember_blobs(&[(Digest::of(b"a"), describe(&blob, 5, media::DOCKER_LAYER_GZIP))]).unwrap();
    let needs =
        |place: &Place| place.images.needs().unwrap().into_iter().flat_map(|one| one.blobs).collect::<BTreeSet<_>>();
    let all = BTreeSet::from([id.clone(), manifest.digest.clone(), blob.clone()]);
    assert_eq!(needs(&place), all);
    place.content.delete(&manifest.digest).unwrap();
    assert_eq!(needs(&place), all, "what a lost manifest named stays");
    assert!(place.content.size(&id).unwrap().is_some(), "the config is content");
    place.delete("x", false, &[]).unwrap();
    assert!(needs(&place).is_empty());
    assert_eq!(place.images.blob(&Digest::of(b"a")).unwrap(), None);
}
