//! Passwords and TLS.

use std::path::Path;

use base64::Engine as _;
use knarr_registry::Config;

use crate::http::send;
use crate::server::Server;

fn guarded(root: &Path) -> Server {
    let htpasswd = root.join("htpasswd");
    std::fs::write(
        &htpasswd,
        format!("ann:{}\nbob:{}\n", bcrypt::hash("a", 4).unwrap(), bcrypt::hash("b", 4).unwrap()),
    )
    .unwrap();
    let config = Config { root: root.join("data"), addr: "127.0.0.1:0".into(), htpasswd: Some(htpasswd), tls: None };
    Server::start(config)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn nobody_comes_in_without_a_password() {
    let root = tempfile::tempdir().unwrap();
    let server = guarded(root.path());
    let refused = send(server.addr, "GET", "/v2/", &[], b"");
    assert_eq!((refused.status, refused.code().as_str()), (401, "UNAUTHORIZED"));
    assert_eq!(refused.header("WWW-Authenticate"), Some("Basic realm=\"knarr registry\""));
    for (user, password, status) in [("ann", "a", 200), ("ann", "b", 401), ("eve", "a", 401)] {
        let answer = send(server.addr, "GET", "/v2/", &[("Authorization", &basic(user, password))], b"");
        assert_eq!(answer.status, status, "{user}:{password}");
    }
    assert_eq!(send(server.addr, "GET", "/v2/no/manifests/x", &[], b"").status, 401, "existence is not told");
}

#[test]
fn an_upload_belongs_to_who_began_it() {
    let root = tempfile::tempdir().unwrap();
    let server = guarded(root.path());
    let (ann, bob) = (basic("ann", "a"), basic("bob", "b"));
    let begun = send(server.addr, "POST", "/v2/a/blobs/uploads/", &[("Authorization", &ann)], b"");
    let place = begun.header("Location").unwrap();
    assert_eq!(send(server.addr, "PATCH", place, &[("Authorization", &bob)], b"x").status, 404);
    assert_eq!(send(server.addr, "PATCH", place, &[("Authorization", &ann)], b"x").status, 202);
}
