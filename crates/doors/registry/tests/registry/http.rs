//! The smallest HTTP client: one request a connection, so that tests can also send what no real client would.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use knarr_model::Digest;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let wanted = format!("{}:", name.to_lowercase());
        self.head.lines().find(|l| l.to_lowercase().starts_with(&wanted)).map(|l| l[wanted.len()..].trim())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The first error's code.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap().to_owned()
    }
}

/// Sends a request and reads the answer to its end.
pub fn send(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.write_all(body);
    read_answer(stream)
}

pub fn read_answer(mut stream: TcpStream) -> Answer {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {all:?}"));
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: all[end + 4..].to_vec() }
}

/// Pushes a blob in one request.
pub fn push_blob(addr: SocketAddr, name: &str, data: &[u8]) -> Digest {
    let digest = Digest::of(data);
    let answer = send(addr, "POST", &format!("/v2/{name}/blobs/uploads/?digest={digest}"), &[], data);
    assert_eq!(answer.status, 201, "{answer:?}");
    digest
}

/// An image manifest with these blobs.
pub fn manifest(config: &[u8], layers: &[&[u8]]) -> Vec<u8> {
    let part = |media_type: &str, data: &[u8]| serde_json::json!({"mediaType": media_type, "digest": Digest::of(data).as_str(), "size": data.len()});
    let layers: Vec<_> = layers.iter().map(|l| part("application/vnd.oci.image.layer.v1.tar", l)).collect();
    serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": part("application/vnd.oci.image.config.v1+json", config),
        "layers": layers,
    })
    .to_string()
    .into_bytes()
}

pub const MANIFEST: (&str, &str) = ("Content-Type", "application/vnd.oci.image.manifest.v1+json");
