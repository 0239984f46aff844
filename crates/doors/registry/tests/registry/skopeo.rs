//! A real client: skopeo (Debian's package) pushes, lists, pulls and deletes.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use knarr_model::Digest;
use knarr_registry::Config;

use crate::http::{manifest, send};
use crate::server::Server;

/// Runs skopeo; its output, or what it complained about.
pub fn skopeo(args: &[&str]) -> Result<String, String> {
    let output = Command::new("skopeo").args(args).output().expect("skopeo is needed: apt-get install skopeo");
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// A layer with one file, plain.
fn layer() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    let data = vec![b'x'; 300_000];
    header.set_size(data.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "file", data.as_slice()).unwrap();
    tar.into_inner().unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(data).unwrap();
    gzip.finish().unwrap()
}

/// Writes an OCI layout of one image.
pub fn layout(dir: &Path) -> Digest {
    let unpacked = layer();
    let layer = gzip(&unpacked);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        Digest::of(&unpacked)
    );
    let document = String::from_utf8(manifest(config.as_bytes(), &[&layer])).unwrap();
    let document = document.replace("v1.tar\"", "v1.tar+gzip\"");
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    for data in [layer.as_slice(), config.as_bytes(), document.as_bytes()] {
        std::fs::write(blobs.join(Digest::of(data).hex()), data).unwrap();
    }
    let digest = Digest::of(document.as_bytes());
    let entry = serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest.as_str(), "size": document.len(),
    });
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [entry]});
    std::fs::write(dir.join("index.json"), index.to_string()).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digest
}

#[test]
fn skopeo_pushes_pulls_and_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::plain(&dir.path().join("registry"));
    let digest = layout(&dir.path().join("image"));
    let source = format!("oci:{}", dir.path().join("image").display());
    let image = format!("docker://{}/team/web:v1", server.addr);
    skopeo(&["copy", "--dest-tls-verify=false", &source, &image]).unwrap();
    let inspected: serde_json::Value =
        serde_json::from_str(&skopeo(&["inspect", "--tls-verify=false", &image]).unwrap()).unwrap();
    assert_eq!(inspected["Digest"], digest.as_str());
    assert_eq!(inspected["RepoTags"], serde_json::json!(["v1"]));
    let copied = dir.path().join("copied");
    let target = format!("oci:{}:v1", copied.display());
    skopeo(&["copy", "--src-tls-verify=false", &image, &target]).unwrap();
    assert!(copied.join("blobs/sha256").join(digest.hex()).exists());
    let other = format!("docker://{}/other/web:v1", server.addr);
    skopeo(&["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &image, &other]).unwrap();
    let docker = format!("docker://{}/team/web:docker", server.addr);
    skopeo(&["copy", "--format=v2s2", "--src-tls-verify=false", "--dest-tls-verify=false", &image, &docker]).unwrap();
    skopeo(&["delete", "--tls-verify=false", &image]).unwrap();
    assert_eq!(send(server.addr, "GET", "/v2/team/web/manifests/v1", &[], b"").status, 404);
    assert_eq!(send(server.addr, "GET", "/v2/other/web/manifests/v1", &[], b"").status, 200);
}

#[test]
fn skopeo_speaks_tls_with_a_password() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("ca.crt"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let htpasswd = dir.path().join("htpasswd");
    std::fs::write(&htpasswd, format!("ann:{}\n", bcrypt::hash("secret", 4).unwrap())).unwrap();
    let server = Server::start(Config {
        root: dir.path().join("registry"),
        addr: "127.0.0.1:0".into(),
        htpasswd: Some(htpasswd),
        tls: Some((cert, key)),
    });
    layout(&dir.path().join("image"));
    let source = format!("oci:{}", dir.path().join("image").display());
    let image = format!("docker://{}/web:v1", server.addr);
    let certs = dir.path().join("certs");
    std::fs::create_dir(&certs).unwrap();
    std::fs::copy(dir.path().join("ca.crt"), certs.join("ca.crt")).unwrap();
    let certs = certs.to_str().unwrap();
    let copy = |creds: &str| skopeo(&["copy", "--dest-cert-dir", certs, "--dest-creds", creds, &source, &image]);
    assert!(copy("ann:wrong").unwrap_err().contains("authentication required"));
    copy("ann:secret").unwrap();
    assert!(skopeo(&["inspect", "--creds", "ann:secret", &image]).is_err(), "an unknown CA is not trusted");
    skopeo(&["inspect", "--creds", "ann:secret", "--cert-dir", certs, &image]).unwrap();
}
