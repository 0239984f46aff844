//! Our own client against our own registry: what travels, and what does not.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use knarr_content::Content;
use knarr_model::oci::{Descriptor, media};
use knarr_model::{Digest, NoProgress, Progress, Step, ports};
use knarr_registry::Config;
use knarr_transfer::{Client, Credentials, Fetched, Hosts, Image, OnLayer, Patience, PullRequest, PushRequest, Secret};

use crate::server::Server;

/// One side's content.
struct Side {
    _folder: tempfile::TempDir,
    store: Content,
    content: Arc<dyn ports::Content>,
}

impl Side {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Content::open(folder.path()).unwrap();
        Self { _folder: folder, content: Arc::new(store.clone()), store }
    }

    async fn pull(
        &self,
        client: &Client,
        request: &PullRequest,
        progress: &dyn Progress,
        on_layer: &OnLayer,
    ) -> (Image, Fetched) {
        let image = client.open(request, &self.content).await.unwrap();
        let fetched = client.fetch(request, &image, &self.content, progress, on_layer).await.unwrap();
        (image, fetched)
    }

    /// Makes an image of these layers; its manifest's descriptor.
    fn image(&self, layers: &[&[u8]]) -> Descriptor {
        let diff_ids: Vec<_> = layers.iter().map(|l| Digest::of(l).to_string()).collect();
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let layers: Vec<_> = layers.iter().map(|l| self.put(media::OCI_LAYER, l)).collect();
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": media::OCI_MANIFEST,
            "config": self.put(media::OCI_CONFIG, config.to_string().as_bytes()), "layers": layers,
        });
        self.put(media::OCI_MANIFEST, manifest.to_string().as_bytes())
    }

    fn put(&self, media_type: &str, data: &[u8]) -> Descriptor {
        let digest = self.store.put(data).unwrap();
        Descriptor {
            media_type: media_type.into(),
            digest,
            size: data.len() as u64,
            platform: None,
            annotations: Default::default(),
            artifact_type: None,
        }
    }
}

/// Keeps all lines of a progress.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Progress for Lines {
    fn step(&self, step: Step<'_>) {
        let line = match step {
            Step::Say { text, .. } => text.to_owned(),
            Step::Exists { id } => format!("{id}: Already exists"),
            Step::Phase { id, text } => format!("{id}: {text}"),
            Step::Bytes { .. } => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

impl Lines {
    fn has(&self, line: &str) -> bool {
        self.0.lock().unwrap().iter().any(|l| l == line)
    }
}

fn client(hosts: Hosts) -> Client {
    let pause = Duration::from_millis(1);
    Client::with_patience(hosts, Patience { tries: 6, first_pause: pause, longest_pause: pause, ..Patience::default() })
        .unwrap()
}

fn push(addr: SocketAddr, name: &str, manifest: &Descriptor) -> PushRequest {
    PushRequest {
        reference: format!("{addr}/{name}").parse().unwrap(),
        manifest: manifest.clone(),
        credentials: Credentials::Anonymous,
        mount_from: Default::default(),
    }
}

fn pull(addr: SocketAddr, name: &str) -> PullRequest {
    let reference = format!("{addr}/{name}").parse().unwrap();
    PullRequest {
        reference,
        platform: None,
        credentials: Credentials::Anonymous,
        similar: Default::default(),
        peers: Vec::new(),
    }
}

fn big(seed: u32) -> Vec<u8> {
    (0..3_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 11) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_missing_travels_in_both_directions() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::plain(root.path());
    let (ours, client) = (Side::new(), client(Hosts::default()));
    let (base, top) = (big(1), big(2));
    let lines = Lines::default();
    let first = ours.image(&[&base]);
    let pushed = client.push(&push(server.addr, "base:v1", &first), &ours.content, &lines).await.unwrap();
    assert_eq!((pushed.sent, pushed.existed), (2, 0));
    assert!(lines.has(&format!("The push refers to repository [{}/base]", server.addr)));
    assert!(lines.has(&format!("{}: Pushed", Digest::of(&base).short())));
    assert!(lines.has(&format!("v1: digest: {} size: {}", first.digest, first.size)));

    let again = client.push(&push(server.addr, "base:v2", &first), &ours.content, &lines).await.unwrap();
    assert_eq!((again.bytes, again.existed), (0, 2));
    assert!(lines.has(&format!("{}: Layer already exists", Digest::of(&base).short())));

    let second = ours.image(&[&base, &top]);
    let mut request = push(server.addr, "web:v1", &second);
    request.mount_from.insert(Digest::of(&base), vec!["base".into()]);
    let mounted = client.push(&request, &ours.content, &lines).await.unwrap();
    assert_eq!((mounted.mounted, mounted.sent), (1, 2));
    assert!(mounted.bytes < top.len() as u64 + 1000);
    assert!(lines.has(&format!("{}: Mounted from base", Digest::of(&base).short())));

    let theirs = Side::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&told);
    let on_layer: OnLayer = Arc::new(move |index, _| note.lock().unwrap().push(index));
    let (_, fetched) = theirs.pull(&client, &pull(server.addr, "base:v1"), &lines, &on_layer).await;
    assert_eq!((fetched.bytes, fetched.layers), (base.len() as u64, 1));
    let (image, fetched) = theirs.pull(&client, &pull(server.addr, "web:v1"), &lines, &on_layer).await;
    assert_eq!((fetched.bytes, fetched.layers, fetched.present), (top.len() as u64, 1, 1));
    assert_eq!(image.manifest.digest, second.digest);
    assert!(lines.has(&format!("{}: Already exists", Digest::of(&base).short())));
    let mut told = told.lock().unwrap().clone();
    told.sort_unstable();
    assert_eq!(told, [0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_downloads_go_on_after_a_cut() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::plain(root.path());
    let (ours, layer) = (Side::new(), big(3));
    let image = ours.image(&[&layer]);
    // The probe, three questions, then lines of 1 MB: the layer is sent in several pieces.
    let cutter = cutting_proxy(server.addr, 1_000_000);
    let client = client(Hosts::default());
    let pushed = client.push(&push(cutter, "a:v1", &image), &ours.content, &NoProgress).await.unwrap();
    assert_eq!(pushed.sent, 2);
    assert!(pushed.bytes < 2 * layer.len() as u64, "it did not begin again each time: {pushed:?}");
    let theirs = Side::new();
    let ignore: OnLayer = Arc::new(|_, _| {});
    theirs.pull(&client, &pull(cutter, "a:v1"), &NoProgress, &ignore).await;
    assert_eq!(theirs.content.size(&Digest::of(&layer)).unwrap(), Some(layer.len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_and_no_byte_are_blobs_too() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::plain(root.path());
    let (ours, client) = (Side::new(), client(Hosts::default()));
    let image = ours.image(&[b"x", b""]);
    client.push(&push(server.addr, "a:v1", &image), &ours.content, &NoProgress).await.unwrap();
    let theirs = Side::new();
    let ignore: OnLayer = Arc::new(|_, _| {});
    theirs.pull(&client, &pull(server.addr, "a:v1"), &NoProgress, &ignore).await;
    assert_eq!(theirs.content.size(&Digest::of(b"")).unwrap(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_needs_the_ca_file_and_a_password() {
    // As rcgen makes them, and as `openssl req -x509` does: an authority of its own.
    let plain = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let mut authority = plain.clone();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    for certificate in [plain, authority] {
        push_with_tls(certificate).await;
    }
    let mut elsewhere = rcgen::CertificateParams::new(["192.0.2.1".to_owned()]).unwrap();
    elsewhere.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let dir = tempfile::tempdir().unwrap();
    let server = guarded(dir.path(), elsewhere);
    let client = client(Hosts { ca_files: vec![dir.path().join("cert.pem")], ..Hosts::default() });
    let refused = client.login(&server.addr.to_string(), &Credentials::Anonymous).await.unwrap_err();
    assert!(refused.full().contains("tls: failed to verify certificate"), "another name: {refused:?}");
}

async fn push_with_tls(certificate: rcgen::CertificateParams) {
    let dir = tempfile::tempdir().unwrap();
    let server = guarded(dir.path(), certificate);
    let (ours, ca) = (Side::new(), dir.path().join("cert.pem"));
    let image = ours.image(&[b"layer"]);
    let mut request = push(server.addr, "a:v1", &image);
    let untrusting = client(Hosts::default()).push(&request, &ours.content, &NoProgress).await.unwrap_err();
    assert!(untrusting.full().contains("tls: failed to verify certificate"), "{untrusting:?}");
    let client = client(Hosts { ca_files: vec![ca], ..Hosts::default() });
    let refused = client.push(&request, &ours.content, &NoProgress).await.unwrap_err();
    assert_eq!(refused.kind(), knarr_model::Kind::Unauthorized, "{refused:?}");
    request.credentials = Credentials::Basic { user: "ann".into(), password: Secret::new("secret") };
    client.login(&server.addr.to_string(), &request.credentials).await.unwrap();
    client.push(&request, &ours.content, &NoProgress).await.unwrap();
}

fn guarded(dir: &Path, certificate: rcgen::CertificateParams) -> Server {
    let signing = rcgen::KeyPair::generate().unwrap();
    let made = certificate.self_signed(&signing).unwrap();
    let (cert, key, htpasswd) = (dir.join("cert.pem"), dir.join("key.pem"), dir.join("htpasswd"));
    std::fs::write(&cert, made.pem()).unwrap();
    std::fs::write(&key, signing.serialize_pem()).unwrap();
    std::fs::write(&htpasswd, format!("ann:{}\n", bcrypt::hash("secret", 4).unwrap())).unwrap();
    let (root, addr) = (dir.join("registry"), "127.0.0.1:0".into());
    Server::start(Config { root, addr, htpasswd: Some(htpasswd), tls: Some((cert, key)) })
}

/// Passes connections on, but cuts each after `limit` bytes, in whichever direction.
fn cutting_proxy(target: SocketAddr, limit: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(target).unwrap());
            let left = Arc::new(AtomicUsize::new(limit));
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (from, to, left) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&left));
                std::thread::spawn(move || pass(from, to, &left));
            }
        }
    });
    addr
}

fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicUsize) {
    let mut buffer = [0; 16 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        let before =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(n))).unwrap();
        if before < n || to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
