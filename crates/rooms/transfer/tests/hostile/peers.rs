//! Peers that are slower than the next place would be.

use std::time::Duration;

use knarr_transfer::{Client, Credentials, Hosts, Patience, Peer};

use crate::pulls::sample;
use crate::server::{Hostile, Reply, Store, patience, pull_by, request};

/// One that takes the request and says nothing, one that stops in the middle of a layer. Neither line is ever cut, and silence alone would be borne for an hour.
///
/// Broken for a look, and seen to fail here: `Pace::in_time` that waits, `Paced::next` that waits.
#[tokio::test(flavor = "multi_thread")]
async fn slow_peers_are_passed_over_although_their_lines_stand() {
    let image = sample();
    let honest = image.clone();
    let registry = Hostile::start(move |_, request, _| honest.honest(request));
    let mute = Hostile::start(|_, _, _| Reply::held(Vec::new()));
    let stuck = image.clone();
    let stuck = Hostile::start(move |_, request, _| {
        let whole = stuck.honest(request);
        match stuck.is_layer(request) {
            true => Reply::held(whole[..whole.len() - stuck.layer.len() / 2].to_vec()),
            false => whole.into(),
        }
    });
    let patience = Patience { silence: Duration::from_secs(3600), ..patience() };
    let client = Client::with_patience(Hosts::default(), patience).unwrap();
    for peer in [&mute, &stuck] {
        let (store, mut wish) = (Store::new(), request(registry.image()));
        wish.peers = vec![Peer { host: peer.addr.to_string(), credentials: Credentials::Anonymous }];
        let pulled = tokio::time::timeout(Duration::from_secs(60), pull_by(&client, &store, &wish));
        pulled.await.expect("the registry has its turn").unwrap();
        assert!(store.has(&image.layer) && !peer.requests("/v2/a/").is_empty());
    }
}
