//! Registries, and what stands before them, that do not take a blob at once: each byte that arrives is counted.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use knarr_model::oci::Descriptor;
use knarr_model::{Digest, NoProgress, Result};
use knarr_transfer::{Credentials, PushRequest, Pushed};

use crate::pulls::sample;
use crate::server::{MANIFEST, Sample, Store, answer, client};

/// What it does not do.
#[derive(Clone, Copy, Default)]
struct Habits {
    /// More bytes in one request are refused.
    most: Option<usize>,
    /// Told to clients; fewer bytes are refused, unless they are the last.
    least: Option<usize>,
    /// The line is cut after so many bytes of a body.
    cut: Option<usize>,
    /// What a cut body brought is forgotten.
    forgets: bool,
    /// Manifests are taken under a tag only: nothing that refers to an image.
    images_only: bool,
}

/// What each session has, and how many bytes arrived in how many requests.
#[derive(Default)]
struct Seen {
    sessions: Vec<Vec<u8>>,
    blobs: Vec<Vec<u8>>,
    manifests: Vec<String>,
    arrived: usize,
    patches: usize,
}

fn start(habits: Habits, size: usize) -> (SocketAddr, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, seen) = (listener.local_addr().unwrap(), Arc::<Mutex<Seen>>::default());
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, habits, size, &kept);
        }
    });
    (addr, seen)
}

fn serve(mut stream: TcpStream, habits: Habits, size: usize, seen: &Mutex<Seen>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if head.first() == Some(&0x16) || !matches!(stream.read(&mut byte), Ok(1)) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    let mut seen = seen.lock().unwrap();
    let path = head.split([' ', '?']).nth(1).unwrap();
    let id: usize = path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_default();
    let reply = match head.split(' ').next().unwrap() {
        "POST" => {
            seen.sessions.push(Vec::new());
            Some(state("202 Accepted", habits, &seen, seen.sessions.len() - 1))
        }
        "GET" => Some(state("204 No Content", habits, &seen, id)),
        "PATCH" => patch(&mut stream, length, habits, size, &mut seen, id),
        "PUT" if path.contains("/manifests/sha256") && habits.images_only => {
            Some(answer("400 Bad Request", &[], br#"{"errors":[{"code":"MANIFEST_INVALID"}]}"#))
        }
        "PUT" if path.contains("/manifests/") => {
            seen.manifests.push(path.to_owned());
            Some(answer("201 Created", &[], b""))
        }
        "PUT" => {
            let blob = std::mem::take(&mut seen.sessions[id]);
            let right = head.contains(&format!("digest={}", Digest::of(&blob)));
            seen.blobs.push(blob);
            Some(answer(if right { "201 Created" } else { "400 Bad Request" }, &[], b""))
        }
        _ => Some(answer("404 Not Found", &[], b"")),
    };
    drop(seen);
    if let Some(reply) = reply {
        let _ = stream.write_all(&reply);
        // Whatever of the body is on its way: an answer must not be lost with it.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    }
}

/// How far the session is.
fn state(status: &str, habits: Habits, seen: &Seen, id: usize) -> Vec<u8> {
    let range = format!("0-{}", seen.sessions[id].len().saturating_sub(1));
    let location = format!("/v2/a/blobs/uploads/{id}");
    let least = habits.least.unwrap_or(0).to_string();
    answer(status, &[("Location", &location), ("Range", &range), ("OCI-Chunk-Min-Length", &least)], b"")
}

fn patch(
    stream: &mut TcpStream,
    length: usize,
    habits: Habits,
    size: usize,
    seen: &mut Seen,
    id: usize,
) -> Option<Vec<u8>> {
    seen.patches += 1;
    let whole = length < 1000 || seen.sessions[id].len() + length == size;
    if habits.most.is_some_and(|most| length > most) || (habits.least.is_some_and(|least| length < least) && !whole) {
        return Some(answer("413 Payload Too Large", &[], b""));
    }
    let mut body = Vec::new();
    let taken = habits.cut.map_or(length, |cut| cut.min(length));
    stream.take(taken as u64).read_to_end(&mut body).unwrap();
    seen.arrived += body.len();
    if taken == length || !habits.forgets {
        seen.sessions[id].extend_from_slice(&body);
    }
    (taken == length).then(|| state("202 Accepted", habits, seen, id))
}

async fn push(addr: SocketAddr, image: &Sample) -> Result<Pushed> {
    let store = Store::new();
    for data in [&image.layer, &image.config, &image.manifest] {
        let mut ingest = store.content.begin("test").unwrap();
        ingest.write(data).unwrap();
        ingest.commit(None, None).unwrap();
    }
    let manifest = Descriptor {
        media_type: MANIFEST.1.into(),
        digest: Digest::of(&image.manifest),
        size: image.manifest.len() as u64,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    };
    let reference = format!("{addr}/a:v1").parse().unwrap();
    let request =
        PushRequest { reference, manifest, credentials: Credentials::Anonymous, mount_from: Default::default() };
    client().push(&request, &store.content, &NoProgress).await
}

/// An image with a layer of 40 MiB.
fn big() -> Sample {
    let layer = sample().layer;
    Sample::new(layer.iter().cycle().take(40 << 20).copied().collect())
}

async fn pushed(habits: Habits) -> (usize, usize) {
    let image = big();
    let (addr, seen) = start(habits, image.layer.len());
    push(addr, &image).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.blobs.contains(&image.layer));
    (seen.arrived - image.config.len(), seen.patches)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_goes_at_once_or_in_parts_where_it_must() {
    let size = 40 << 20;
    assert_eq!(pushed(Habits::default()).await, (size, 2));
    // Refused whole, then in parts of 16 MiB, taken in parts of 4 MiB.
    let (arrived, patches) = pushed(Habits { most: Some(5 << 20), ..Habits::default() }).await;
    assert_eq!((arrived, patches), (size, 2 + 10 + 1));
    // The shortest part that it takes is longer than ours.
    let (arrived, patches) = pushed(Habits { most: Some(21 << 20), least: Some(20 << 20), ..Habits::default() }).await;
    assert_eq!((arrived, patches), (size, 1 + 2 + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_is_sent_twice_that_the_registry_has() {
    let (arrived, patches) = pushed(Habits { cut: Some(3 << 20), ..Habits::default() }).await;
    assert_eq!((arrived, patches), (40 << 20, 15));
}

/// One that forgets cut bodies gets smaller ones, until they come through; one that takes nothing is not asked for ever.
#[tokio::test(flavor = "multi_thread")]
async fn parts_become_smaller_where_nothing_comes_through() {
    let (arrived, _) = pushed(Habits { cut: Some(5 << 20), forgets: true, ..Habits::default() }).await;
    assert!(arrived <= (40 << 20) + 2 * (5 << 20), "{arrived}");
    let image = sample();
    let (addr, seen) = start(Habits { cut: Some(1000), forgets: true, ..Habits::default() }, image.layer.len());
    push(addr, &image).await.unwrap_err();
    assert!(seen.lock().unwrap().patches <= 10);
    let (addr, seen) = start(Habits { most: Some(1000), ..Habits::default() }, image.layer.len());
    let error = push(addr, &image).await.unwrap_err();
    assert!(error.full().contains("413"), "{error:?}");
    assert!(seen.lock().unwrap().patches <= 10);
}

/// The chunks of a layer are an offer: a registry that does not take them gets the image.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_without_artifacts_gets_the_image() {
    let image = crate::delta::chunked();
    for images_only in [false, true] {
        let (addr, seen) = start(Habits { images_only, ..Habits::default() }, image.layer.len());
        assert!(push(addr, &image).await.unwrap().indexed);
        let seen = seen.lock().unwrap();
        assert!(seen.blobs.contains(&image.layer));
        assert_eq!(seen.manifests.last().unwrap(), "/v2/a/manifests/v1", "the tag comes last");
        // The artifact, and since the registry does not list it, the list under a tag.
        assert_eq!(seen.manifests.len(), if images_only { 1 } else { 3 });
    }
}
