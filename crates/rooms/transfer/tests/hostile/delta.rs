//! Layers rebuilt of chunks: only what is missing travels, and whatever is wrong with an index, the layer is right.

use std::sync::{Arc, Mutex};

use knarr_model::Digest;
use knarr_transfer::{Fetched, PullRequest, Similar};

use crate::server::{Hostile, MANIFEST, Request, Sample, Store, answer, pull, request};

const CHUNKS: &str = "application/vnd.knarr.chunks.v1";
const FRAME: usize = 20_000;

/// A frame of bytes that no compressor shortens.
fn frame(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    zstd::bulk::compress(&(0..FRAME).map(|_| next()).collect::<Vec<u8>>(), 1).unwrap()
}

fn frames(seeds: impl IntoIterator<Item = u64>) -> Vec<Vec<u8>> {
    seeds.into_iter().map(frame).collect()
}

fn index(blob: &[u8], chunks: &[Vec<u8>]) -> String {
    let lines = chunks.iter().map(|chunk| format!("{} {}\n", chunk.len(), Digest::of(chunk).hex()));
    format!("knarr-chunks 1\n{}\n{}", Digest::of(blob), lines.collect::<String>())
}

fn describe(media_type: &str, data: &[u8]) -> serde_json::Value {
    serde_json::json!({"mediaType": media_type, "digest": Digest::of(data).as_str(), "size": data.len()})
}

/// What a registry has: an image of one zstd layer, and the index that is shown for it.
#[derive(Clone)]
struct Shown {
    layer: Vec<u8>,
    config: Vec<u8>,
    manifest: Vec<u8>,
    index: Vec<u8>,
    artifact: Vec<u8>,
}

impl Shown {
    fn new(chunks: &[Vec<u8>], index: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        let layer = chunks.concat();
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(b"unpacked").as_str()]},
        });
        let config = config.to_string().into_bytes();
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST.1,
            "config": describe("application/vnd.oci.image.config.v1+json", &config),
            "layers": [describe("application/vnd.oci.image.layer.v1.tar+zstd", &layer)],
        });
        let manifest = manifest.to_string().into_bytes();
        let index = index(&layer);
        let mut entry = describe(CHUNKS, &index);
        entry["annotations"] = serde_json::json!({"dev.knarr.chunks.blob": Digest::of(&layer).as_str()});
        let artifact = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST.1, "artifactType": CHUNKS,
            "config": describe("application/vnd.oci.empty.v1+json", b"{}"), "layers": [entry],
            "subject": describe(MANIFEST.1, &manifest),
        });
        Self { layer, config, manifest, index, artifact: artifact.to_string().into_bytes() }
    }

    /// What lists the artifact.
    fn list(&self) -> Vec<u8> {
        let mut entry = describe(MANIFEST.1, &self.artifact);
        entry["artifactType"] = CHUNKS.into();
        let index = "application/vnd.oci.image.index.v1+json";
        let list = serde_json::json!({"schemaVersion": 2, "mediaType": index, "manifests": [entry]});
        answer("200 OK", &[("Content-Type", index)], list.to_string().as_bytes())
    }

    fn is_layer(&self, request: &Request) -> bool {
        request.path().ends_with(Digest::of(&self.layer).as_str())
    }

    fn honest(&self, request: &Request) -> Vec<u8> {
        let path = request.path();
        if path.contains("/referrers/") {
            return self.list();
        }
        if path.contains("/manifests/") {
            let artifact = path.ends_with(Digest::of(&self.artifact).as_str());
            return answer("200 OK", &[MANIFEST], if artifact { &self.artifact } else { &self.manifest });
        }
        let data = [&self.layer, &self.config, &self.index];
        let Some(data) = data.into_iter().find(|data| path.ends_with(Digest::of(data).as_str())) else {
            return answer("404 Not Found", &[], b"{}");
        };
        let Some(range) = request.header("range") else { return answer("200 OK", &[], data) };
        let (first, last) = range["bytes=".len()..].split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap_or(data.len() - 1));
        let place = format!("bytes {first}-{last}/{}", data.len());
        answer("206 Partial Content", &[("Content-Range", &place)], &data[first..=last])
    }
}

/// An image with a chunked layer.
pub fn chunked() -> Sample {
    let Shown { layer, config, manifest, .. } = Shown::new(&frames(0..5), |_| Vec::new());
    Sample { layer, config, manifest }
}

/// A store that has a layer of these chunks, and a pull that knows of it.
fn with(chunks: &[Vec<u8>], server: &Hostile) -> (Store, PullRequest) {
    let store = Store::new();
    let mut ingest = store.content.ingest("old").unwrap();
    ingest.write(&chunks.concat()).unwrap();
    let old = ingest.commit(None, None).unwrap();
    let similar = Similar::new(move || vec![Digest::of(b"gone"), old.clone()]);
    (store, PullRequest { similar, ..request(server.image()) })
}

async fn pulled(store: &Store, wish: &PullRequest, image: &Shown) -> Fetched {
    let (_, fetched) = pull(store, wish).await.unwrap();
    assert!(store.has(&image.layer));
    assert_eq!(store.unfinished(), 0);
    fetched
}

/// The old chunks, and new ones of which three are others: one in the middle, two that are neighbours, and one more at the end.
fn versions() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let old = frames(0..50);
    let new =
        [frames(0..10), frames([100]), frames(11..30), frames([101, 102]), frames(32..50), frames([103])].concat();
    (old, new)
}

/// The chunks that are new, the index and the documents.
const LITTLE: u64 = 4 * FRAME as u64 + 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn only_chunks_that_are_missing_travel() {
    let (old, new) = versions();
    let image = Shown::new(&new, |blob| index(blob, &new).into_bytes());
    let shown = image.clone();
    let server = Hostile::start(move |_, request, _| shown.honest(request));
    let (store, wish) = with(&old, &server);
    let fetched = pulled(&store, &wish, &image).await;
    assert!(fetched.bytes < LITTLE, "{fetched:?}");
    assert_eq!(server.requests(&Digest::of(&image.layer).to_string()).len(), 3, "a request a gap");
    let again = pulled(&store, &wish, &image).await;
    assert_eq!((again.bytes, again.present), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_nothing_is_similar() {
    let (_, new) = versions();
    let image = Shown::new(&new, |blob| index(blob, &new).into_bytes());
    let shown = image.clone();
    let server = Hostile::start(move |_, request, _| shown.honest(request));
    pulled(&Store::new(), &request(server.image()), &image).await;
    assert!(server.requests("referrers").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_without_the_referrers_api_lists_by_tag() {
    let (old, new) = versions();
    let image = Shown::new(&new, |blob| index(blob, &new).into_bytes());
    let shown = image.clone();
    let tag = format!("/manifests/sha256-{}", Digest::of(&image.manifest).hex());
    let server = Hostile::start(move |_, request, _| match request.path() {
        path if path.contains("/referrers/") => answer("404 Not Found", &[], b""),
        path if path.ends_with(&tag) => shown.list(),
        _ => shown.honest(request),
    });
    let (store, wish) = with(&old, &server);
    assert!(pulled(&store, &wish, &image).await.bytes < LITTLE);
}

/// Indexes that lie: the layer is fetched whole, and is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_index_costs_bytes_and_nothing_else() {
    let (old, new) = versions();
    let mut swapped = new.clone();
    swapped.swap(2, 3);
    let line = |size: u64| format!("{size} {}\n", Digest::of(b"old").hex());
    let head = |blob: &[u8]| format!("knarr-chunks 1\n{}\n", Digest::of(blob));
    type Lie = Box<dyn Fn(&[u8]) -> Vec<u8>>;
    let lies: Vec<(&str, Lie)> = vec![
        ("chunks in another order", Box::new(move |blob| index(blob, &swapped).into_bytes())),
        (
            "old chunks only",
            Box::new({
                let old = old.clone();
                move |blob| {
                    let mut chunks = old[..49].to_vec();
                    chunks.extend(frames([200, 201]));
                    index(blob, &chunks).into_bytes()
                }
            }),
        ),
        (
            "cut short",
            Box::new({
                let new = new.clone();
                move |blob| index(blob, &new).into_bytes()[..1000].to_vec()
            }),
        ),
        ("more than the blob", Box::new(move |blob| (head(blob) + &line(blob.len() as u64 + 1)).into_bytes())),
        ("one huge chunk", Box::new(move |blob| (head(blob) + &line(u64::MAX)).into_bytes())),
        ("a million chunks of nothing", Box::new(move |blob| (head(blob) + &line(0).repeat(200_000)).into_bytes())),
        ("no index", Box::new(|_| vec![0xff; 5000])),
    ];
    for (name, lie) in lies {
        let image = Shown::new(&new, lie);
        let shown = image.clone();
        let server = Hostile::start(move |_, request, _| shown.honest(request));
        let (store, wish) = with(&old, &server);
        let fetched = pulled(&store, &wish, &image).await;
        assert!(fetched.bytes >= image.layer.len() as u64, "{name}: {fetched:?}");
    }
}

/// Ranges that lie, or are none.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_range_costs_bytes_and_nothing_else() {
    let (old, new) = versions();
    let image = Shown::new(&new, |blob| index(blob, &new).into_bytes());
    for lie in 0..4 {
        let shown = image.clone();
        let server = Hostile::start(move |_, request, _| {
            let bounded = request.header("range").is_some_and(|range| !range.ends_with('-'));
            let mut honest = shown.honest(request);
            match (shown.is_layer(request) && bounded, lie) {
                (true, 0) => answer("200 OK", &[], &shown.layer),
                (true, 1) => answer("416 Range Not Satisfiable", &[], b""),
                (true, 2) => {
                    // Wrong bytes at the end.
                    let last = honest.len() - 1;
                    honest[last] ^= 1;
                    honest
                }
                (true, _) => {
                    let place = format!("bytes 7-{}/{}", shown.layer.len() - 1, shown.layer.len());
                    answer("206 Partial Content", &[("Content-Range", &place)], &shown.layer[7..])
                }
                (false, _) => honest,
            }
        });
        let (store, wish) = with(&old, &server);
        pulled(&store, &wish, &image).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_in_a_range_is_taken_up_there() {
    let (old, new) = versions();
    let image = Shown::new(&new, |blob| index(blob, &new).into_bytes());
    let shown = image.clone();
    let travelled: Arc<Mutex<u64>> = Arc::default();
    let count = Arc::clone(&travelled);
    let server = Hostile::start(move |_, request, _| {
        let whole = shown.honest(request);
        if !shown.is_layer(request) {
            return whole;
        }
        let head = whole.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let cut = whole.len().min(head + 7_001);
        *count.lock().unwrap() += (cut - head) as u64;
        whole[..cut].to_vec()
    });
    let (store, wish) = with(&old, &server);
    pulled(&store, &wish, &image).await;
    let new: u64 = [100, 101, 102, 103].map(|seed| frame(seed).len() as u64).iter().sum();
    assert_eq!(*travelled.lock().unwrap(), new, "no byte came twice");
}
