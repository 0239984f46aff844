//! Bad lines and busy registries: what arrived once does not travel again, and trying again has its bounds.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use knarr_model::{Digest, Kind};
use knarr_transfer::{Client, Hosts, Patience};

use crate::pulls::sample;
use crate::server::{Hostile, Reply, Request, Sample, Store, answer, patience, pull, pull_by, request};

/// How often each byte of the layer went out.
type Travelled = Arc<Mutex<Vec<u8>>>;

/// A number after another, the same each time (xorshift).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// The first byte that a request wants, and whether it asks for a range.
fn wanted(request: &Request) -> (usize, bool) {
    let range = request.header("range");
    let first = range.as_deref().map(|r| r["bytes=".len()..].trim_end_matches('-').parse().unwrap());
    (first.unwrap_or(0), range.is_some())
}

/// The layer from `first` on, as a registry with ranges sends it.
fn rest(layer: &[u8], (first, ranged): (usize, bool)) -> Vec<u8> {
    let place = format!("bytes {first}-{}/{}", layer.len() - 1, layer.len());
    match ranged {
        true => answer("206 Partial Content", &[("Content-Range", &place)], &layer[first..]),
        false => answer("200 OK", &[], layer),
    }
}

/// Cuts each answer of the layer at a random byte; a `deaf` one has no ranges. Heads are cut too, where the seed has it so.
fn cutting(image: &Sample, seed: u64, deaf: bool) -> (Hostile, Travelled) {
    let image = image.clone();
    let travelled: Travelled = Arc::new(Mutex::new(vec![0; image.layer.len()]));
    let (count, chance) = (Arc::clone(&travelled), Mutex::new((Seeded(seed), 0)));
    let server = Hostile::start(move |_, request, _| {
        if !image.is_layer(request) {
            return image.honest(request);
        }
        let (first, ranged) = if deaf { (0, false) } else { wanted(request) };
        let whole = rest(&image.layer, (first, ranged));
        let head = whole.len() - (image.layer.len() - first);
        let mut chance = chance.lock().unwrap();
        // Two heads in a row at most: this client gives up after three answers without a byte.
        let fatal = chance.0.below(4) == 0 && chance.1 < 2;
        chance.1 = if fatal { chance.1 + 1 } else { 0 };
        // A deaf registry must come further from time to time.
        let body = if deaf { chance.0.below(image.layer.len() * 2) } else { chance.0.below(200_000) + 1 };
        let cut = if fatal { chance.0.below(head) } else { head + body };
        let sent = cut.saturating_sub(head).min(image.layer.len() - first);
        count.lock().unwrap()[first..first + sent].iter_mut().for_each(|times| *times += 1);
        whole[..whole.len().min(cut)].to_vec()
    });
    (server, travelled)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_travels_twice_over_a_line_that_is_cut_anywhere() {
    let image = sample();
    for seed in 1..=12 {
        let (server, travelled) = cutting(&image, seed, false);
        let store = Store::new();
        let (_, fetched) = pull(&store, &request(server.image())).await.unwrap();
        assert!(store.has(&image.layer));
        assert_eq!(fetched.bytes, image.layer.len() as u64, "seed {seed}");
        assert!(travelled.lock().unwrap().iter().all(|times| *times == 1), "seed {seed}: a byte came twice");
        assert!(server.requests(&Digest::of(&image.layer).to_string()).len() > 3, "seed {seed}: it was not cut");
        let (_, again) = pull(&store, &request(server.image())).await.unwrap();
        assert_eq!((again.bytes, again.present), (0, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_without_ranges_is_read_again_from_the_start() {
    let image = sample();
    for seed in 1..=6 {
        let (server, _) = cutting(&image, seed, true);
        let store = Store::new();
        // It may cut short of what is here too often in a row: then the next pull goes on.
        while pull(&store, &request(server.image())).await.is_err() {}
        assert!(store.has(&image.layer), "seed {seed}");
    }
}

/// Sends the layer's beginning, and hangs up on whoever wants the rest.
fn dying(image: &Sample) -> Hostile {
    let image = image.clone();
    Hostile::start(move |_, request, _| match (image.is_layer(request), wanted(request)) {
        (true, (0, _)) => image.honest(request)[..400_000].to_vec(),
        (true, _) => Vec::new(),
        (false, _) => image.honest(request),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_gave_up_is_taken_up_by_the_next_process() {
    let image = sample();
    let store = Store::new();
    let dead = dying(&image);
    let error = pull(&store, &request(dead.image())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
    let layer = Digest::of(&image.layer).to_string();
    assert_eq!(dead.requests(&layer).len(), 4, "the first, and three tries without a byte");
    let store = store.reopened();
    let (server, travelled) = cutting(&image, 5, false);
    pull(&store, &request(server.image())).await.unwrap();
    let travelled = travelled.lock().unwrap();
    let first = travelled.iter().position(|times| *times > 0).unwrap();
    assert!(first > 390_000 && travelled[first..].iter().all(|times| *times == 1), "it went on at {first}");
}

/// A registry that cuts for ever at the same byte is not asked for ever, though bytes come each time.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_here_already_are_no_progress() {
    let image = sample();
    let deaf = image.clone();
    let server = Hostile::start(move |_, request, _| match deaf.is_layer(request) {
        true => rest(&deaf.layer, (0, false))[..300_000].to_vec(),
        false => deaf.honest(request),
    });
    assert_eq!(pull(&Store::new(), &request(server.image())).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(server.requests(&Digest::of(&image.layer).to_string()).len(), 4);
}

/// Wrong bytes behind a range are found out, thrown away, and fetched anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_with_wrong_bytes_is_found_out() {
    let image = sample();
    for always in [false, true] {
        let lying = image.clone();
        let lied = Mutex::new(false);
        let server = Hostile::start(move |_, request, _| match (lying.is_layer(request), wanted(request)) {
            (true, (0, _)) if *lied.lock().unwrap() && !always => lying.honest(request),
            (true, (0, _)) => lying.honest(request)[..400_000].to_vec(),
            (true, place) => {
                *lied.lock().unwrap() = true;
                rest(&vec![b'x'; lying.layer.len()], place)
            }
            (false, _) => lying.honest(request),
        });
        let store = Store::new();
        let pulled = pull(&store, &request(server.image())).await;
        assert_eq!((pulled.is_err(), store.has(&image.layer)), (always, !always), "{pulled:?}");
        assert!(server.requests(&Digest::of(&image.layer).to_string()).len() <= 10);
    }
}

/// Another range than the one asked for is no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_from_elsewhere_is_refused() {
    let image = sample();
    let lying = image.clone();
    let server = Hostile::start(move |_, request, _| match (lying.is_layer(request), wanted(request)) {
        (true, (0, _)) => lying.honest(request)[..400_000].to_vec(),
        (true, (first, ranged)) => rest(&lying.layer, (first + 1, ranged)),
        (false, _) => lying.honest(request),
    });
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    assert!(error.full().contains("a range that was not asked for"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_falls_silent_is_given_up_and_taken_up_again() {
    let image = sample();
    let stalling = image.clone();
    let server = Hostile::start(move |_, request, before| {
        let whole = match stalling.is_layer(request) {
            true => rest(&stalling.layer, wanted(request)),
            false => return Reply::from(stalling.honest(request)),
        };
        match before {
            // In the middle of the body, before the head, then never again.
            2 => Reply::held(whole[..500_000].to_vec()),
            3 => Reply::held(Vec::new()),
            _ => Reply::from(whole),
        }
    });
    let impatient = Patience { silence: Duration::from_millis(300), ..patience() };
    let client = Client::with_patience(Hosts::default(), impatient).unwrap();
    let store = Store::new();
    let (_, fetched) = pull_by(&client, &store, &request(server.image())).await.unwrap();
    assert!(store.has(&image.layer));
    assert_eq!(fetched.bytes, image.layer.len() as u64, "no byte came twice");
    assert_eq!(server.requests(&Digest::of(&image.layer).to_string()).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_registry_is_asked_again_when_it_wants() {
    let image = sample();
    let busy = image.clone();
    let server = Hostile::start(move |_, request, before| match before {
        0 => answer("429 Too Many Requests", &[("Retry-After", "1")], b""),
        1 => answer("503 Service Unavailable", &[], b""),
        2 => {
            let now = httpdate::fmt_http_date(SystemTime::now());
            answer("503 Service Unavailable", &[("Retry-After", &now)], b"")
        }
        _ => busy.honest(request),
    });
    let (store, begun) = (Store::new(), Instant::now());
    pull(&store, &request(server.image())).await.unwrap();
    assert!(store.has(&image.layer));
    assert!(begun.elapsed() >= Duration::from_secs(1), "the registry asked for a second");
    let always = Hostile::start(|_, _, _| answer("503 Service Unavailable", &[], b""));
    assert_eq!(pull(&Store::new(), &request(always.image())).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(always.requests("manifests").len(), 4, "tries are bounded");
}

/// Whoever wants to be left alone for hours is, and the user is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_asks_for_hours_is_asked_once() {
    let body = br#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
    let server = Hostile::start(|_, _, _| answer("429 Too Many Requests", &[("Retry-After", "21600")], body));
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    let wanted = "toomanyrequests: You have reached your pull rate limit. (it asks to be left alone for 21600 s)";
    assert_eq!(error.full(), wanted);
    assert_eq!(server.requests("manifests").len(), 1);
}
