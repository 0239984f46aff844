//! A registry made of one closure: what it answers, byte for byte, is the test's choice.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use knarr_content::Content;
use knarr_model::{Digest, NoProgress, Reference, Result, ports};
use knarr_transfer::{Client, Credentials, Fetched, Hosts, Image, OnLayer, Patience, PullRequest};

/// A request's head.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub head: String,
}

impl Request {
    pub fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or("")
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let wanted = format!("{name}:");
        let line = self.head.lines().find(|l| l.to_lowercase().starts_with(&wanted))?;
        Some(line[wanted.len()..].trim().to_owned())
    }
}

/// What a connection gets.
pub struct Reply {
    bytes: Vec<u8>,
    /// The line stays open, and silent, until the client hangs up.
    held: bool,
}

impl Reply {
    pub fn held(bytes: Vec<u8>) -> Self {
        Self { bytes, held: true }
    }
}

impl From<Vec<u8>> for Reply {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, held: false }
    }
}

/// Listens until the test's process ends; answers one request a connection.
pub struct Hostile {
    pub addr: SocketAddr,
    pub seen: Arc<Mutex<Vec<Request>>>,
}

impl Hostile {
    /// `answer` gets the server's own address, the request, and how many came before it.
    pub fn start<R: Into<Reply>>(answer: impl Fn(SocketAddr, &Request, usize) -> R + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                std::thread::spawn(move || serve(addr, stream.unwrap(), &*answer, &log));
            }
        });
        Self { addr, seen }
    }

    pub fn requests(&self, part: &str) -> Vec<Request> {
        self.seen.lock().unwrap().iter().filter(|r| r.line.contains(part)).cloned().collect()
    }

    pub fn image(&self) -> Reference {
        format!("{}/a:v1", self.addr).parse().unwrap()
    }
}

fn serve<R: Into<Reply>>(
    addr: SocketAddr,
    mut stream: TcpStream,
    answer: &(impl Fn(SocketAddr, &Request, usize) -> R + Send + Sync),
    log: &Mutex<Vec<Request>>,
) {
    let Some(head) = read_head(&mut stream) else {
        // TLS was tried first.
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        return;
    };
    let request = Request { line: head.lines().next().unwrap_or("").to_owned(), head };
    let before = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    let reply: Reply = answer(addr, &request, before).into();
    let _ = stream.write_all(&reply.bytes);
    if reply.held {
        let _ = stream.read(&mut [0]);
    }
}

fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
        if head[0] == 0x16 {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

/// A whole answer that ends the connection.
pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    [text.into_bytes(), body.to_vec()].concat()
}

pub const MANIFEST: (&str, &str) = ("Content-Type", "application/vnd.oci.image.manifest.v1+json");
pub const INDEX: (&str, &str) = ("Content-Type", "application/vnd.oci.image.index.v1+json");

/// An image of one layer.
#[derive(Clone)]
pub struct Sample {
    pub layer: Vec<u8>,
    pub config: Vec<u8>,
    pub manifest: Vec<u8>,
}

impl Sample {
    pub fn new(layer: Vec<u8>) -> Self {
        let (config, manifest) = documents(&[&layer]);
        Self { layer, config, manifest }
    }

    /// What an honest registry answers.
    pub fn honest(&self, request: &Request) -> Vec<u8> {
        let path = request.path();
        if path.contains("/manifests/") {
            return answer("200 OK", &[MANIFEST], &self.manifest);
        }
        match [&self.config, &self.layer].into_iter().find(|data| path.ends_with(Digest::of(data).as_str())) {
            Some(data) => answer("200 OK", &[], data),
            None => answer("404 Not Found", &[], b"{}"),
        }
    }

    pub fn is_layer(&self, request: &Request) -> bool {
        request.path().ends_with(Digest::of(&self.layer).as_str())
    }
}

/// Config and manifest of an image of these layers.
pub fn documents(layers: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
    let rootfs = serde_json::json!({"type": "layers", "diff_ids": diff_ids});
    let config = serde_json::json!({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).to_string();
    let part = |media_type: &str, data: &[u8]| serde_json::json!({"mediaType": media_type, "digest": Digest::of(data).as_str(), "size": data.len()});
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "config": part("application/vnd.oci.image.config.v1+json", config.as_bytes()),
        "layers": layers.iter().map(|l| part("application/vnd.oci.image.layer.v1.tar", l)).collect::<Vec<_>>(),
    });
    (config.into_bytes(), manifest.to_string().into_bytes())
}

/// A content store of the test's own, and what is in it.
pub struct Store {
    pub folder: tempfile::TempDir,
    pub content: Arc<dyn ports::Content>,
}

impl Store {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content = Arc::new(Content::open(folder.path()).unwrap());
        Self { folder, content }
    }

    /// The same folder as another process finds it.
    pub fn reopened(self) -> Self {
        let Self { folder, content } = self;
        drop(content);
        let content = Arc::new(Content::open(folder.path()).unwrap());
        Self { folder, content }
    }

    pub fn has(&self, data: &[u8]) -> bool {
        self.content.size(&Digest::of(data)).unwrap() == Some(data.len() as u64)
    }

    pub fn unfinished(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("ingest")).unwrap().count()
    }
}

pub fn patience() -> Patience {
    Patience {
        tries: 4,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        longest_wait: Duration::from_secs(2),
        silence: Duration::from_secs(20),
    }
}

/// A client that does not wait long.
pub fn client() -> Client {
    Client::with_patience(Hosts::default(), patience()).unwrap()
}

pub fn request(reference: Reference) -> PullRequest {
    PullRequest {
        reference,
        platform: None,
        credentials: Credentials::Anonymous,
        similar: Default::default(),
        peers: Vec::new(),
    }
}

pub async fn pull(store: &Store, request: &PullRequest) -> Result<(Image, Fetched)> {
    pull_by(&client(), store, request).await
}

pub async fn pull_by(client: &Client, store: &Store, request: &PullRequest) -> Result<(Image, Fetched)> {
    let ignore: OnLayer = Arc::new(|_, _| {});
    let image = client.open(request, &store.content).await?;
    let fetched = client.fetch(request, &image, &store.content, &NoProgress, &ignore).await?;
    Ok((image, fetched))
}
