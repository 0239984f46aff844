//! Mirrors: their order, what they are believed, and that the registry stands behind them.

use std::net::TcpListener;

use knarr_model::Digest;
use knarr_transfer::{Client, Credentials, Hosts, Secret};

use crate::pulls::sample;
use crate::server::{Hostile, Sample, Store, answer, patience, pull_by, request};

/// A client that knows these mirrors (address, lines of its table) of the registry.
fn client(registry: &Hostile, mirrors: &[(&str, &str)]) -> (tempfile::TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join(registry.addr.to_string());
    std::fs::create_dir(&own).unwrap();
    let text: String = mirrors.iter().map(|(address, more)| format!("[host.'http://{address}']\n{more}\n")).collect();
    std::fs::write(own.join("hosts.toml"), text).unwrap();
    let hosts = Hosts { folders: vec![folder.path().to_owned()], ..Hosts::default() };
    (folder, Client::with_patience(hosts, patience()).unwrap())
}

fn honest(image: &Sample) -> Hostile {
    let image = image.clone();
    Hostile::start(move |_, request, _| image.honest(request))
}

fn requests(server: &Hostile) -> usize {
    server.requests("/v2/a/").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_mirror_that_serves_is_the_only_one_that_is_asked() {
    let image = sample();
    let (registry, one, two) = (honest(&image), honest(&image), honest(&image));
    let mirrors = [(one.addr.to_string(), ""), (two.addr.to_string(), "")];
    let (_folder, client) = client(&registry, &mirrors.each_ref().map(|(a, m)| (a.as_str(), *m)));
    let (store, mut wish) = (Store::new(), request(registry.image()));
    wish.credentials = Credentials::Basic { user: "ann".into(), password: Secret::new("hunter2") };
    pull_by(&client, &store, &wish).await.unwrap();
    assert!(store.has(&image.layer));
    assert_eq!((requests(&one), requests(&two), requests(&registry)), (3, 0, 0));
    assert_eq!(client.inspect(&registry.image(), &wish.credentials).await.unwrap().platforms.len(), 1);
    assert_eq!(requests(&registry), 0);
}

/// One that is not there, one that lacks the image, one that is broken, one that lies: the registry serves.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_mirror_the_next_is_asked() {
    let image = sample();
    let registry = honest(&image);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lacking = Hostile::start(|_, _, _| answer("404 Not Found", &[], b"{}"));
    let broken = Hostile::start(|_, _, _| answer("503 Service Unavailable", &[], b""));
    let wanting =
        Hostile::start(|_, _, _| answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"x\"")], b""));
    let liar = image.clone();
    let lying = Hostile::start(move |_, request, _| match liar.is_layer(request) {
        true => answer("200 OK", &[], &vec![b'x'; liar.layer.len()]),
        false => liar.honest(request),
    });
    let addresses = [gone, lacking.addr, broken.addr, wanting.addr, lying.addr].map(|address| address.to_string());
    let (_folder, client) = client(&registry, &addresses.each_ref().map(|address| (address.as_str(), "")));
    let store = Store::new();
    pull_by(&client, &store, &request(registry.image())).await.unwrap();
    assert!(store.has(&image.layer));
    assert_eq!(requests(&registry), 1, "only the layer");
    assert!(requests(&broken) <= 4, "a mirror is tried twice an operation");
    for named in [&lacking, &broken, &wanting, &lying] {
        assert!(requests(named) > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_a_layer_from_a_mirror_is_not_fetched_again() {
    let image = sample();
    let registry = {
        let image = image.clone();
        Hostile::start(move |_, request, _| match request.header("range") {
            Some(range) if image.is_layer(request) => {
                let first: usize = range["bytes=".len()..].trim_end_matches('-').parse().unwrap();
                let place = format!("bytes {first}-{}/{}", image.layer.len() - 1, image.layer.len());
                answer("206 Partial Content", &[("Content-Range", &place)], &image.layer[first..])
            }
            _ => image.honest(request),
        })
    };
    let cut = image.clone();
    let mirror = Hostile::start(move |_, request, _| match (cut.is_layer(request), request.header("range")) {
        (true, None) => cut.honest(request)[..500_000].to_vec(),
        (true, Some(_)) => Vec::new(),
        (false, _) => cut.honest(request),
    });
    let (_folder, client) = client(&registry, &[(&mirror.addr.to_string(), "")]);
    let store = Store::new();
    let (_, fetched) = pull_by(&client, &store, &request(registry.image())).await.unwrap();
    assert!(store.has(&image.layer));
    assert!(fetched.bytes < image.layer.len() as u64 - 490_000, "{fetched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_may_not_resolve_is_asked_for_digests_only() {
    let image = sample();
    let (registry, mirror) = (honest(&image), honest(&image));
    let (_folder, client) = client(&registry, &[(&mirror.addr.to_string(), "capabilities = ['pull']")]);
    let store = Store::new();
    pull_by(&client, &store, &request(registry.image())).await.unwrap();
    assert_eq!((registry.requests("manifests").len(), registry.requests("blobs").len()), (1, 0));
    assert_eq!((mirror.requests("manifests").len(), mirror.requests("blobs").len()), (0, 2));
    let digest = registry.image().with_digest(Digest::of(&image.manifest));
    pull_by(&client, &Store::new(), &request(digest)).await.unwrap();
    assert_eq!((registry.requests("manifests").len(), mirror.requests("manifests").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_may_be_elsewhere_and_below_a_path() {
    let image = sample();
    let (registry, real) = (honest(&image), honest(&image));
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("r.example");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("hosts.toml"), format!("server = 'http://{}/below'", real.addr)).unwrap();
    let hosts = Hosts { folders: vec![folder.path().to_owned()], ..Hosts::default() };
    let client = Client::with_patience(hosts, patience()).unwrap();
    let store = Store::new();
    pull_by(&client, &store, &request("r.example/a:v1".parse().unwrap())).await.unwrap();
    assert_eq!((requests(&registry), real.requests("/below/v2/a/").len()), (0, 3));
}
