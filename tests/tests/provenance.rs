//! What an image was built from, as the attestation beside it says, fetched with a pull and held against the layers.

use std::fs;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Registry};
use knarr_model::Digest;
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Pushes an image from this Dockerfile; the digest of its manifest, and the manifest.
fn push(host: &Host, registry: &Registry, name: &str, dockerfile: &str) -> (Digest, String) {
    let (context, image) = (host.path().join(name), registry.image(&format!("{name}:1")));
    fs::create_dir(&context).unwrap();
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    fs::write(context.join("file"), name).unwrap();
    host.knarr().ok(&["build", "-q", "-t", &image, &context.to_string_lossy()]).unwrap();
    host.knarr().ok(&["push", &image]).unwrap();
    let (_, text) = registry.get(&format!("/v2/{name}/manifests/1")).unwrap();
    (Digest::of(text.as_bytes()), text)
}

/// Puts `web:TAG`: an index of the image `web`, and of a statement as BuildKit writes it that `subject` was made from these.
fn attest(registry: &Registry, tag: &str, web: &(Digest, String), subject: &Digest, materials: &Value) {
    let part = |kind: &str, digest: &Digest, size: usize| json!({"mediaType": kind, "digest": digest, "size": size});
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "_", "digest": {"sha256": subject.hex()}}],
        "predicate": {"materials": materials},
    });
    let statement = statement.to_string();
    let mut layer =
        part("application/vnd.in-toto+json", &registry.put_blob("web", statement.as_bytes()).unwrap(), statement.len());
    layer["annotations"] = json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"});
    let config = part("application/vnd.oci.image.config.v1+json", &registry.put_blob("web", b"{}").unwrap(), 2);
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).to_string();
    let digest = Digest::of(manifest.as_bytes());
    registry.put_manifest("web", digest.as_str(), MANIFEST, manifest.as_bytes()).unwrap();
    let kind = serde_json::from_str::<Value>(&web.1).unwrap()["mediaType"].as_str().unwrap().to_owned();
    let mut image = part(&kind, &web.0, web.1.len());
    image["platform"] =
        json!({"os": "linux", "architecture": if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" }});
    let mut attestation = part(MANIFEST, &digest, manifest.len());
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": web.0,
    });
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [image, attestation]}).to_string();
    registry.put_manifest("web", tag, INDEX, index.as_bytes()).unwrap();
}

/// What the tree of a new host says of `web` after these pulls: its origins, and what its build used.
fn said_of_web(images: &[String]) -> (Vec<(String, String)>, Vec<String>) {
    let host = Host::start().unwrap();
    images.iter().for_each(|image| drop(host.knarr().ok(&["pull", "-q", image]).unwrap()));
    let tree: Value = serde_json::from_str(&host.knarr().ok(&["tree", "--format", "json"]).unwrap()).unwrap();
    host.finish().unwrap();
    let all = tree["Images"].as_array().unwrap();
    let name = |image: &Value| image["RepoTags"][0].as_str().unwrap_or_default().rsplit('/').next().unwrap().to_owned();
    let named = |id: &Value| all.iter().find(|image| image["Id"] == *id).map(name).unwrap_or_default();
    let web = all.iter().find(|image| name(image).starts_with("web:")).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let origins = web["Origins"].as_array().unwrap();
    let origins = origins.iter().map(|origin| (text(&origin["Evidence"]), named(&origin["Image"]))).collect();
    let materials = web["Materials"].as_array().map(Vec::as_slice).unwrap_or_default();
    (origins, materials.iter().map(|material| text(&material["Name"])).collect())
}

/// Broken for a look, and seen to fail here: the claims left out of `register_pulled`; the statement's subject not compared.
#[test]
fn a_pull_brings_provenance_and_the_layers_have_the_last_word() {
    let registry = Registry::start().unwrap();
    let maker = Host::start().unwrap();
    import_busybox(&maker.knarr(), "start:1").unwrap();
    let base = push(&maker, &registry, "base", "FROM start:1\nCOPY file /base\n");
    let tool = push(&maker, &registry, "tool", "FROM start:1\nCOPY file /tool\n");
    let web = push(&maker, &registry, "web", &format!("FROM {}\nCOPY file /web\n", registry.image("base:1")));
    maker.finish().unwrap();
    let uri = |name: &str| format!("pkg:docker/{}@1?platform=linux%2Famd64", registry.image(name).replace(':', "%3A"));
    let used = |name: &str, digest: &Digest| json!({"uri": uri(name), "digest": {"sha256": digest.hex()}});
    let both = json!([used("tool", &tool.0), used("base", &base.0), {"uri": "pkg:docker/nothing@1"}]);
    let pulls = |tag: &str| ["base:1", "tool:1", tag].map(|name| registry.image(name));

    // Both were used; web stands on one of them.
    attest(&registry, "told", &web, &web.0, &both);
    let (origins, materials) = said_of_web(&pulls("web:told"));
    assert_eq!(origins[0], ("provenance".into(), "base:1".into()), "{origins:?}");
    assert_eq!(origins.iter().filter(|(evidence, _)| evidence == "provenance").count(), 1, "{origins:?}");
    assert_eq!(materials, [registry.image("tool:1"), registry.image("base:1")]);

    // Lies: that it stands on what it does not stand on, and a statement about another image.
    attest(&registry, "lied", &web, &web.0, &json!([used("base", &tool.0)]));
    let (origins, _) = said_of_web(&pulls("web:lied"));
    assert!(origins.iter().all(|(evidence, _)| evidence == "shared-layers"), "{origins:?}");
    attest(&registry, "other", &web, &tool.0, &both);
    let (origins, materials) = said_of_web(&pulls("web:other"));
    assert!(origins.iter().all(|(evidence, _)| evidence == "shared-layers") && materials.is_empty(), "{origins:?}");

    // One too long to be looked at costs nothing but itself.
    let padding = "x".repeat(5 << 20);
    attest(&registry, "long", &web, &web.0, &json!([used("base", &base.0), {"uri": padding}]));
    let (origins, materials) = said_of_web(&pulls("web:long"));
    assert!(origins.iter().all(|(evidence, _)| evidence == "shared-layers") && materials.is_empty(), "{origins:?}");
}
