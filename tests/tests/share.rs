//! Sharing: images and branches straight from another daemon's store, the registry behind it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Registry, Tap, blob_file};
use serde_json::Value;

/// A daemon that shares.
struct Peer {
    host: Host,
    address: String,
    token: String,
}

impl Peer {
    /// Shares on loopback.
    fn new(host: Host) -> Self {
        let enabled = host.knarr().run(&["share", "enable", "127.0.0.1:0"]).unwrap();
        assert_eq!(enabled.code, 0, "{}", enabled.stderr);
        let address = enabled.stderr.trim().strip_prefix("Sharing at ").unwrap().to_owned();
        Self { host, address, token: enabled.stdout.trim().to_owned() }
    }

    /// The status of a request with this `Authorization`, and the body.
    fn ask(&self, method: &str, path: &str, authorization: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let shown =
            if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") };
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{shown}Content-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split_whitespace().nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }
}

/// Lets a host know the token of a peer, as anybody would.
fn log_in(taker: &Host, address: &str, token: &str) {
    taker.knarr().ok(&["login", "-u", "knarr", "-p", token, address]).unwrap();
}

/// Builds an image of two layers, a big one and a small one, under this name.
fn build(host: &Host, name: &str) {
    let knarr = host.knarr();
    import_busybox(&knarr, "base:1").unwrap();
    let context = host.path().join("context");
    fs::create_dir_all(&context).unwrap();
    fs::write(context.join("Dockerfile"), "FROM base:1\nRUN echo two > /two\n").unwrap();
    knarr.ok(&["build", "-q", "-t", name, &context.to_string_lossy()]).unwrap();
}

/// Builds it, pushes it to a registry as `image:1`, and shares it; its layers, the lowest first.
fn pushed(registry: &Registry, peer: &Peer) -> Vec<String> {
    let image = registry.image("image:1");
    build(&peer.host, &image);
    peer.host.knarr().ok(&["push", &image]).unwrap();
    layers(registry)
}

fn layers(registry: &Registry) -> Vec<String> {
    let (_, manifest) = registry.get("/v2/image/manifests/1").unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

fn holds(folder: &Path, secret: &str) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => holds(&entry.path(), secret),
        kind if kind.is_file() => {
            let bytes = fs::read(entry.path()).unwrap();
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        }
        _ => false,
    })
}

/// Broken for a look, and seen to fail here: `admits` that says yes; `resume_share` left out of the daemon's start.
#[test]
fn a_share_is_off_until_enabled_wants_its_token_and_can_only_be_read() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    assert_eq!(knarr.ok(&["share", "status"]).unwrap(), "disabled");
    let plain = knarr.fails(&["share", "enable", "0.0.0.0:0"]).unwrap().stderr;
    assert!(plain.contains("without TLS"), "{plain}");
    assert_eq!(knarr.ok(&["share", "status"]).unwrap(), "disabled");

    let mut peer = Peer::new(host);
    let knarr = peer.host.knarr();
    let (bearer, pair) = (format!("Bearer {}", peer.token), format!("Basic {}", base64(&format!("x:{}", peer.token))));
    build(&peer.host, "image:1");
    let manifest = "/v2/library/image/manifests/1";
    for right in [&bearer, &pair] {
        assert_eq!(peer.ask("GET", "/v2/", right).0, 200);
        assert_eq!(peer.ask("GET", manifest, right).0, 200);
    }
    let (_, text) = peer.ask("GET", manifest, &bearer);
    let config = serde_json::from_str::<Value>(&text).unwrap()["config"]["digest"].as_str().unwrap().to_owned();
    let blob = format!("/v2/library/image/blobs/{config}");
    assert_eq!(peer.ask("GET", &blob, &bearer).0, 200);
    for path in ["/v2/", manifest, &blob, "/", "/v2/none/manifests/1"] {
        for wrong in ["", "Bearer ", "Bearer 0123", &bearer[..bearer.len() - 1], "Basic eDp5"] {
            let (status, said) = peer.ask("GET", path, wrong);
            assert!(status == 401 && !said.contains("digest"), "{path} {wrong:?}: {status} {said}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            assert_eq!(peer.ask(method, path, &bearer).0, 405, "{method} {path}");
        }
    }
    assert_eq!(peer.ask("POST", "/v2/image/blobs/uploads/", &bearer).0, 405);
    for missing in ["/v2/none/manifests/1", "/v2/_catalog", "/v2/image/tags/list", "/containers/json", "/v2/../_ping"] {
        assert_eq!(peer.ask("GET", missing, &bearer).0, 404, "{missing}");
    }
    let again = knarr.fails(&["share", "enable", "127.0.0.1:0"]).unwrap().stderr;
    assert!(again.contains(&format!("shares at {} already", peer.address)), "{again}");

    // Over a restart it is as it was; what is on the disk lets nobody in.
    peer.host.stop_daemon().unwrap();
    assert!(!holds(&peer.host.data_root(), &peer.token), "the token is kept");
    peer.host.resume().unwrap();
    assert!(knarr.ok(&["share", "status"]).unwrap().starts_with(&format!("enabled at {}", peer.address)));
    assert_eq!(peer.ask("GET", "/v2/", &bearer).0, 200);

    // Disabled, its address is free at once; the next token is another one, in a file for nobody else.
    let mut held = TcpStream::connect(&peer.address).unwrap();
    knarr.ok(&["share", "disable"]).unwrap();
    assert_eq!(held.read(&mut [0]).unwrap_or_default(), 0, "a reader's connection is open still");
    assert!(TcpStream::connect(&peer.address).is_err());
    let file = peer.host.path().join("token");
    knarr.ok(&["share", "enable", "--token-file", &file.to_string_lossy(), &peer.address]).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(peer.ask("GET", "/v2/", &bearer).0, 401);
    assert_eq!(peer.ask("GET", "/v2/", &format!("Bearer {}", fs::read_to_string(&file).unwrap().trim())).0, 200);
    knarr.ok(&["share", "disable"]).unwrap();
    assert_eq!(knarr.ok(&["share", "status"]).unwrap(), "disabled");
    peer.host.finish().unwrap();
}

/// Broken for a look, and seen to fail here: the peers of the settings left out of `Engine::peers`.
#[test]
fn a_branch_comes_from_the_peer_and_only_what_is_missing_of_it() {
    let registry = Registry::start().unwrap();
    let peer = Peer::new(Host::start().unwrap());
    let layers = pushed(&registry, &peer);
    // Whoever asks the registry for a layer fails.
    layers.iter().for_each(|layer| registry.take_away(layer).unwrap());
    let line = Tap::start(&peer.address, u64::MAX).unwrap();
    let taker = Host::start().unwrap();
    let (image, knarr) = (registry.image("image:1"), taker.knarr());
    log_in(&taker, &line.address(), &peer.token);
    let from_peer = ["pull", "--peer", &line.address(), &image];
    line.reset(u64::MAX);
    knarr.ok(&[&from_peer[..], &["--up-to", "1"]].concat()).unwrap();
    let lowest = line.reset(u64::MAX);
    let said = knarr.ok(&from_peer).unwrap();
    assert!(said.contains("Already exists"), "{said}");
    assert!(line.passed() < 64 << 10 && lowest > 10 * line.passed(), "{lowest}, then {}", line.passed());
    assert_eq!(knarr.ok(&["run", "--rm", &image, "cat", "/two"]).unwrap(), "two");

    // The same by the daemon's settings, for whoever pulls; and by an authority that it believes.
    let token = peer.host.path().join("token");
    fs::write(&token, &peer.token).unwrap();
    let setting = format!("{}={}", peer.address, token.display());
    let settled = Host::start_with(&["--peer", &setting]).unwrap();
    settled.docker().ok(&["pull", &image]).unwrap();
    assert_eq!(settled.knarr().ok(&["run", "--rm", &image, "cat", "/two"]).unwrap(), "two");
    assert!(!settled.log().contains(&peer.token) && !taker.log().contains(&peer.token));
    [settled, taker, peer.host].into_iter().for_each(|host| host.finish().unwrap());
}

/// Broken for a look, and seen to fail here: the peers' turn behind the registry's left out of `Sources::document`.
#[test]
fn an_image_that_no_registry_has_is_made_for_who_asks_and_is_the_same_everywhere() {
    let registry = Registry::start().unwrap();
    let host = Host::start().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let put = |name: &str, text: String| {
        fs::write(host.path().join(name), text).unwrap();
        host.path().join(name).to_string_lossy().into_owned()
    };
    let (certificate, key) = (put("cert.pem", made.cert.pem()), put("key.pem", made.signing_key.serialize_pem()));
    let image = registry.image("image:1");
    build(&host, &image);
    let flags = ["share", "enable", "--tls-cert", &certificate, "--tls-key", &key, "0.0.0.0:0"];
    let enabled = host.knarr().run(&flags).unwrap();
    let (_, port) = enabled.stderr.trim().rsplit_once(':').unwrap();
    let address = format!("127.0.0.1:{port}");

    // Its layers are folders only, until somebody asks for them.
    let taker = Host::start_with(&["--registry-ca", &certificate]).unwrap();
    log_in(&taker, &address, enabled.stdout.trim());
    taker.knarr().ok(&["pull", "--peer", &address, &image]).unwrap();
    assert_eq!(taker.knarr().ok(&["run", "--rm", &image, "cat", "/two"]).unwrap(), "two");
    taker.knarr().ok(&["pull", &format!("{address}/library/base:1")]).unwrap();
    // What the peer pushes later is what the taker has: the same layers in the same archives.
    host.knarr().ok(&["push", &image]).unwrap();
    layers(&registry).iter().for_each(|layer| registry.take_away(layer).unwrap());
    let said = taker.knarr().ok(&["pull", &image]).unwrap();
    assert!(said.contains("Image is up to date"), "{said}");
    // Who does not know the certificate does not show the token.
    let stranger = Host::start().unwrap();
    let refused = stranger.knarr().fails(&["login", "-u", "x", "-p", enabled.stdout.trim(), &address]).unwrap().stderr;
    assert!(refused.contains("certificate"), "{refused}");
    [stranger, taker, host].into_iter().for_each(|host| host.finish().unwrap());
}

/// Broken for a look, and seen to fail here: a peer's refusal that ends the pull (`Mirror::failed`).
#[test]
fn a_peer_that_lies_is_silent_or_knows_us_not_is_passed_over() {
    let registry = Registry::start().unwrap();
    let peer = Peer::new(Host::start().unwrap());
    let layers = pushed(&registry, &peer);
    let image = registry.image("image:1");
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let stuck = Tap::start(&peer.address, 64 << 10).unwrap();
    let gone = "127.0.0.1:1".to_owned();
    let pull = |address: &str, token: &str| {
        let taker = Host::start().unwrap();
        // No login, which would ask the peer: the file as it would be left.
        let pair = base64(&format!("knarr:{token}"));
        let config = format!(r#"{{"auths":{{"{address}":{{"auth":"{pair}"}}}}}}"#);
        fs::write(taker.path().join("client/config.json"), config).unwrap();
        taker.knarr().ok(&["pull", "--peer", address, &image]).unwrap();
        assert_eq!(taker.knarr().ok(&["run", "--rm", &image, "cat", "/two"]).unwrap(), "two", "{address}");
        taker.finish().unwrap();
    };
    pull(&gone, &peer.token);
    pull(&peer.address, "0123456789");
    pull(&mute.local_addr().unwrap().to_string(), &peer.token);
    pull(&stuck.address(), &peer.token);
    for layer in &layers {
        let file = blob_file(&peer.host.data_root(), layer).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    pull(&peer.address, &peer.token);
    peer.host.finish().unwrap();
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}
