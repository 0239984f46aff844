//! Manifests that say two things, that name what is no digest, or that are no image's (flaw rows 61, 64 to 66).

use knarr_model::{Digest, Kind};
use serde_json::{Value, json};

use crate::pulls::sample;
use crate::server::{Hostile, INDEX, MANIFEST, Store, answer, pull, request};

/// What is changed in a manifest, by a pointer into it, the type that it is served as, and a word of the refusal.
fn cases() -> Vec<(&'static str, Value, (&'static str, &'static str), &'static str)> {
    let digests = ["sha256:../../../etc/passwd", "../../v2/other/blobs/x", "sha256:abc", "", "sha512:0"];
    let mut cases: Vec<_> = digests.map(|digest| ("/layers/0/digest", json!(digest), MANIFEST, "digest")).into();
    cases.extend(digests.map(|digest| ("/config/digest", json!(digest), MANIFEST, "digest")));
    cases.extend([
        ("/manifests", json!([]), MANIFEST, "ambiguous"),
        ("/mediaType", json!(INDEX.1), MANIFEST, INDEX.1),
        ("/schemaVersion", json!(2), INDEX, INDEX.1),
        // File systems that the kernel would have to parse.
        ("/layers/0/mediaType", json!("application/vnd.erofs.layer.v1"), MANIFEST, "erofs"),
        ("/layers/0/mediaType", json!("application/vnd.sylabs.sif.layer.v1.squashfs"), MANIFEST, "squashfs"),
        // An artifact whose file wants to be somewhere.
        ("/config/mediaType", json!("application/vnd.oci.empty.v1+json"), MANIFEST, "empty"),
    ]);
    cases
}

/// Seen to fail for each kind without its guard: digests of any text, documents that are read as whichever comes first, layers of any type.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_misleads_is_refused_before_its_layer_is_fetched() {
    for (place, value, kind, word) in cases() {
        let image = sample();
        let mut manifest: Value = serde_json::from_slice(&image.manifest).unwrap();
        manifest["layers"][0]["annotations"] = json!({"org.opencontainers.image.title": "../../outside"});
        let (above, key) = place.rsplit_once('/').unwrap();
        manifest.pointer_mut(above).unwrap()[key] = value.clone();
        let bytes = manifest.to_string().into_bytes();
        let (config, layer) = (image.config, Digest::of(&image.layer));
        let server = Hostile::start(move |_, request, _| match request.path().contains("/manifests/") {
            true => answer("200 OK", &[kind], &bytes),
            false => answer("200 OK", &[], &config),
        });
        let store = Store::new();
        let error = pull(&store, &request(server.image())).await.unwrap_err();
        let said = error.full();
        assert_eq!(error.kind(), Kind::Invalid, "{place} as {value}: {said}");
        assert!(said.contains(word), "{place} as {value}: {said}");
        let asked = server.requests(layer.as_str()).len() + server.requests("..").len();
        assert!(asked == 0 && store.unfinished() == 0, "{place} as {value}: its layer was asked for");
    }
}
