//! Cut, wrong, endless and missing answers.

use std::net::TcpListener;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use knarr_model::{Digest, Fault, Kind};

use crate::server::{Hostile, INDEX, MANIFEST, Sample, Store, answer, documents, pull, pull_by, request};

pub fn sample() -> Sample {
    Sample::new((0..1_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect())
}

/// A pull of an image whose layer or config has other bytes than its digest says, and afterwards of the right one.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_are_not_kept() {
    let image = sample();
    for wrong in [image.layer.clone(), image.config.clone()] {
        let (lying, promised) = (image.clone(), wrong.clone());
        let server = Hostile::start(move |_, request, _| match request.path().ends_with(Digest::of(&wrong).as_str()) {
            true => answer("200 OK", &[], &vec![b'x'; wrong.len()]),
            false => lying.honest(request),
        });
        let store = Store::new();
        let error = pull(&store, &request(server.image())).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        named(&error, &promised, &server);
        assert!(error.full().contains("does not match its digest"), "{error:?}");
        assert!(!store.has(&promised));
        assert_eq!(store.unfinished(), 0);
        let honest = image.clone();
        let server = Hostile::start(move |_, request, _| honest.honest(request));
        pull(&store, &request(server.image())).await.unwrap();
        assert!(store.has(&promised));
    }
}

/// The error says which blob of which image.
fn named(error: &Fault, blob: &[u8], server: &Hostile) {
    let said = error.full();
    assert!(said.contains(Digest::of(blob).as_str()), "{said}");
    assert!(said.contains(&server.image().familiar()), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_the_registry_lacks_is_named() {
    let image = sample();
    let lacking = image.clone();
    let server = Hostile::start(move |_, request, _| match lacking.is_layer(request) {
        true => answer("404 Not Found", &[], br#"{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}"#),
        false => lacking.honest(request),
    });
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    named(&error, &image.layer, &server);
    assert!(error.full().contains("blob unknown"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_travel_side_by_side() {
    let layers = [vec![1; 1000], vec![2; 1000], vec![3; 1000]];
    let (config, manifest) = documents(&layers.each_ref().map(Vec::as_slice));
    let (asked, all) = (Mutex::new(0), Condvar::new());
    let server = Hostile::start(move |_, request, _| {
        if request.path().contains("/manifests/") {
            return answer("200 OK", &[MANIFEST], &manifest);
        }
        match layers.iter().find(|layer| request.path().ends_with(Digest::of(layer).as_str())) {
            // No layer is sent before the others are asked for too.
            Some(layer) => {
                let mut here = asked.lock().unwrap();
                *here += 1;
                all.notify_all();
                let (here, late) = all.wait_timeout_while(here, Duration::from_secs(20), |here| *here < 3).unwrap();
                drop(here);
                if late.timed_out() { answer("404 Not Found", &[], b"") } else { answer("200 OK", &[], layer) }
            }
            None => answer("200 OK", &[], &config),
        }
    });
    let (_, fetched) = pull(&Store::new(), &request(server.image())).await.unwrap();
    assert_eq!(fetched.layers, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_longer_than_promised_is_cut_off() {
    let image = sample();
    let lying = image.clone();
    let server = Hostile::start(move |_, request, _| match lying.is_layer(request) {
        true => answer("200 OK", &[], &[lying.layer.as_slice(), b"more"].concat()),
        false => lying.honest(request),
    });
    let store = Store::new();
    let error = pull(&store, &request(server.image())).await.unwrap_err();
    assert!(error.full().contains("longer than"), "{error:?}");
    named(&error, &image.layer, &server);
    assert_eq!(store.unfinished(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_with_another_digest_is_refused() {
    let image = sample();
    let lying = image.clone();
    let server = Hostile::start(move |_, request, _| lying.honest(request));
    let wanted = server.image().with_digest(Digest::of(b"another"));
    let error = pull(&Store::new(), &request(wanted.clone())).await.unwrap_err();
    let expected =
        format!("manifest verification failed for digest {} of {}", Digest::of(b"another"), wanted.familiar());
    assert!(error.full().starts_with(&expected), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_answers_end() {
    let endless = Hostile::start(|_, _, _| {
        let line = format!("X-Fill: {}\r\n", "a".repeat(1000));
        ["HTTP/1.1 200 OK\r\n".to_owned(), line.repeat(3000)].concat().into_bytes()
    });
    assert!(pull(&Store::new(), &request(endless.image())).await.is_err());
    let huge = Hostile::start(|_, _, _| answer("200 OK", &[MANIFEST], &vec![b' '; (4 << 20) + 1]));
    let error = pull(&Store::new(), &request(huge.image())).await.unwrap_err();
    assert!(error.full().contains("larger than"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_in_dockers_words() {
    let text = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
    let server = Hostile::start(|_, _, _| answer("404 Not Found", &[], text));
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let wanted = format!("manifest for {}/a:v1 not found: manifest unknown: manifest unknown", server.addr);
    assert_eq!(error.full(), wanted);

    let text = br#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#;
    let server = Hostile::start(|_, _, _| answer("403 Forbidden", &[], text));
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    let wanted = format!(
        "pull access denied for {}/a, repository does not exist or may require 'docker login': \
         denied: requested access to the resource is denied",
        server.addr
    );
    assert_eq!(error.full(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_not_there_is_named() {
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = pull(&Store::new(), &request(format!("{addr}/a:v1").parse().unwrap())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    let wanted = format!("dial tcp {addr}: connect: connection refused (is the registry running?)");
    assert!(error.full().contains(&wanted), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_chosen_or_missed_by_name() {
    let image = sample();
    let listed = image.clone();
    let manifest = image.manifest.clone();
    let server = Hostile::start(move |_, request, _| {
        if !request.path().ends_with("/manifests/v1") {
            return listed.honest(request);
        }
        let entry = |architecture: &str, data: &[u8]| {
            serde_json::json!({
                "mediaType": MANIFEST.1, "digest": Digest::of(data).as_str(), "size": data.len(),
                "platform": {"os": "linux", "architecture": architecture},
            })
        };
        let entries = [entry("arm64", b"other"), entry("amd64", &manifest)];
        let index = serde_json::json!({"schemaVersion": 2, "manifests": entries}).to_string();
        answer("200 OK", &[INDEX], index.as_bytes())
    });
    let store = Store::new();
    let mut wish = request(server.image());
    wish.platform = Some("linux/amd64".parse().unwrap());
    let (pulled, _) = pull(&store, &wish).await.unwrap();
    assert_eq!(pulled.manifest.digest, Digest::of(&image.manifest));
    assert_ne!(pulled.target.digest, pulled.manifest.digest);
    wish.platform = Some("linux/s390x".parse().unwrap());
    let error = pull(&store, &wish).await.unwrap_err();
    assert_eq!(error.full(), "no matching manifest for linux/s390x in the manifest list entries");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pulls_of_one_blob_fetch_it_once() {
    let image = sample();
    let honest = image.clone();
    let server = Hostile::start(move |_, request, _| honest.honest(request));
    let store = Store::new();
    let client = crate::server::client();
    let wish = request(server.image());
    let (one, two) = tokio::join!(pull_by(&client, &store, &wish), pull_by(&client, &store, &wish));
    assert_eq!(one.unwrap().1.layers + two.unwrap().1.layers, 1);
    assert_eq!(server.requests(&Digest::of(&image.layer).to_string()).len(), 1);
}
