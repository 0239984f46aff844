//! Pulls that go wrong: cut by a kill, or fed with layers that lie.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Registry, wait_for};
use knarr_model::Digest;

/// Files below a folder.
fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(|e| e.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// One request to a registry, which must take it.
fn send(registry: &Registry, method: &str, path: &str, kind: &str, body: &[u8]) {
    let mut stream = TcpStream::connect(registry.address()).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// Puts an image of one layer into a registry, whose config says that it has this diff id.
fn put_image(registry: &Registry, name: &str, layer: &[u8], diff_id: &Digest) {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id.as_str()]},
    });
    let config = config.to_string().into_bytes();
    let part = |kind: &str, data: &[u8]| serde_json::json!({"mediaType": kind, "digest": Digest::of(data).as_str(), "size": data.len()});
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": part("application/vnd.oci.image.config.v1+json", &config),
        "layers": [part("application/vnd.oci.image.layer.v1.tar", layer)],
    });
    for blob in [layer, &config] {
        let path = format!("/v2/{name}/blobs/uploads/?digest={}", Digest::of(blob));
        send(registry, "POST", &path, "application/octet-stream", blob);
    }
    send(registry, "PUT", &format!("/v2/{name}/manifests/1"), MANIFEST, manifest.to_string().as_bytes());
}

#[test]
fn a_layer_that_lies_leaves_nothing_behind() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let empty_archive = vec![0; 1024];
    let lies: [(&str, &[u8], Digest, &str); 2] = [
        ("other", &empty_archive, Digest::of(b"other"), "layer does not match its diff id"),
        ("garbage", &[b'x'; 2048], Digest::of(&[b'x'; 2048]), "invalid archive"),
    ];
    for (name, layer, diff_id, why) in lies {
        put_image(&registry, name, layer, &diff_id);
        let refused = host.docker().fails(&["pull", &registry.image(&format!("{name}:1"))]).unwrap();
        assert!(refused.stderr.contains(why), "{name}: {}", refused.stderr);
        assert!(refused.stderr.contains(Digest::of(layer).as_str()), "the layer is named: {}", refused.stderr);
    }
    assert_eq!(host.docker().ok(&["images", "-q"]).unwrap(), "");
    for folder in ["blobs", "ingest", "layers"] {
        wait_for(folder, Duration::from_secs(10), || files(&host.data_root().join(folder)) == 0).unwrap();
    }
    host.finish().unwrap();
}

/// Passes connections on, counts what comes back, and stops passing at `limit` bytes until it is raised.
struct Tap {
    addr: SocketAddr,
    limit: Arc<AtomicU64>,
    passed: Arc<AtomicU64>,
}

impl Tap {
    fn start(target: &str, limit: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, target) = (listener.local_addr().unwrap(), target.to_owned());
        let (limit, passed) = (Arc::new(AtomicU64::new(limit)), Arc::new(AtomicU64::new(0)));
        let (bound, count) = (Arc::clone(&limit), Arc::clone(&passed));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&target).unwrap());
                let (mut up, mut down) = ((client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client));
                let (bound, count) = (Arc::clone(&bound), Arc::clone(&count));
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut up.0, &mut up.1);
                    let _ = up.1.shutdown(std::net::Shutdown::Write);
                });
                std::thread::spawn(move || answer(&mut down.0, &mut down.1, &bound, &count));
            }
        });
        Self { addr, limit, passed }
    }
}

fn answer(from: &mut TcpStream, to: &mut TcpStream, limit: &AtomicU64, passed: &AtomicU64) {
    let mut buffer = [0; 16 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if passed.load(Ordering::Relaxed) >= limit.load(Ordering::Relaxed) {
            // Silent, but not closed: the client cannot tell it from a slow line.
            let _ = to.read(&mut buffer);
            return;
        }
        passed.fetch_add(n as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

#[test]
fn a_pull_that_a_kill_cut_goes_on_where_it_was() {
    let (mut host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let direct = registry.image("big:1");
    import_noise(&host, &direct);
    host.docker().ok(&["push", &direct]).unwrap();
    host.docker().ok(&["rmi", &direct]).unwrap();
    assert_eq!(files(&host.data_root().join("blobs")), 0);

    let tap = Tap::start(registry.address(), 4 << 20);
    let image = format!("{}/big:1", tap.addr);
    let mut cut = host.docker().command(&["pull", &image]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let full = || tap.passed.load(Ordering::Relaxed) >= 4 << 20;
    wait_for("half of the layer", Duration::from_secs(30), full).unwrap();
    host.kill_daemon().unwrap();
    assert!(!cut.wait().unwrap().success());
    host.resume().unwrap();
    assert_eq!(host.docker().ok(&["images", "-q"]).unwrap(), "", "what is not whole has no name");

    let before = tap.passed.swap(0, Ordering::Relaxed);
    tap.limit.store(u64::MAX, Ordering::Relaxed);
    host.docker().ok(&["pull", &image]).unwrap();
    let rest = tap.passed.load(Ordering::Relaxed);
    assert!(rest < NOISE as u64 - (2 << 20), "{before} bytes came first, then {rest}");
    assert_eq!(files(&host.data_root().join("ingest")), 0);
    host.finish().unwrap();
}

/// Bytes that do not compress.
const NOISE: usize = 8 << 20;

/// Imports an image of one incompressible file.
fn import_noise(host: &Host, name: &str) {
    let folder = host.path().join("noise");
    std::fs::create_dir(&folder).unwrap();
    let mut noise = vec![0; NOISE];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
    std::fs::write(folder.join("noise"), noise).unwrap();
    let archive = host.path().join("noise.tar");
    let mut tar = std::process::Command::new("tar");
    assert!(tar.arg("-C").arg(&folder).arg("-cf").arg(&archive).arg(".").status().unwrap().success());
    host.docker().ok(&["import", &archive.to_string_lossy(), name]).unwrap();
}

#[test]
fn a_second_repository_gets_its_layers_mounted() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let (first, second) = (registry.image("base:1"), registry.image("team/web:1"));
    import_busybox(&host.docker(), &first).unwrap();
    host.docker().ok(&["push", &first]).unwrap();
    let stored = registry.stored_bytes().unwrap();
    host.docker().ok(&["tag", &first, &second]).unwrap();
    let said = host.docker().ok(&["push", &second]).unwrap();
    assert!(said.contains("Mounted from base"), "{said}");
    assert!(registry.stored_bytes().unwrap() - stored < 4096, "no layer was stored twice");
    let again = host.docker().ok(&["push", &second]).unwrap();
    assert!(again.contains("Layer already exists"), "{again}");
    host.finish().unwrap();
}
