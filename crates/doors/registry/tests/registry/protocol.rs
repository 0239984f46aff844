//! The distribution-spec, request by request.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use knarr_model::Digest;

use crate::http::{MANIFEST, manifest, push_blob, read_answer, send};
use crate::server::Server;

fn registry() -> (tempfile::TempDir, Server) {
    let root = tempfile::tempdir().unwrap();
    let server = Server::plain(root.path());
    (root, server)
}

/// Pushes an image whose layer is `layer` and tags it.
fn push_image(addr: SocketAddr, name: &str, tag: &str, layer: &[u8]) -> Digest {
    push_blob(addr, name, b"{}");
    push_blob(addr, name, layer);
    let document = manifest(b"{}", &[layer]);
    let answer = send(addr, "PUT", &format!("/v2/{name}/manifests/{tag}"), &[MANIFEST], &document);
    assert_eq!(answer.status, 201, "{answer:?}");
    Digest::of(&document)
}

#[test]
fn ping_and_unknown_paths_answer_in_the_specs_form() {
    let (_root, server) = registry();
    let ping = send(server.addr, "GET", "/v2/", &[], b"");
    assert_eq!((ping.status, ping.header("Docker-Distribution-Api-Version")), (200, Some("registry/2.0")));
    for path in ["/", "/v1/", "/v2/x", "/etc/passwd", "/v2/../../etc/passwd"] {
        assert_eq!(send(server.addr, "GET", path, &[], b"").status, 404, "{path}");
    }
    let bad_name = send(server.addr, "GET", "/v2/UPPER/manifests/v1", &[], b"");
    assert_eq!((bad_name.status, bad_name.code().as_str()), (400, "NAME_INVALID"));
}

#[test]
fn a_blob_goes_in_by_chunks_and_comes_out_by_ranges() {
    let (_root, server) = registry();
    let digest = Digest::of(b"hello world");
    let begun = send(server.addr, "POST", "/v2/a/blobs/uploads/", &[], b"");
    assert_eq!((begun.status, begun.header("Range")), (202, Some("0-0")));
    let place = begun.header("Location").unwrap();
    let patch = |range: &str, data: &[u8]| send(server.addr, "PATCH", place, &[("Content-Range", range)], data);
    assert_eq!(patch("0-5", b"hello ").status, 202);
    let again = patch("0-5", b"hello ");
    assert_eq!((again.status, again.header("Range")), (416, Some("0-5")));
    assert_eq!(patch("20-24", b"world").status, 416);
    let status = send(server.addr, "GET", place, &[], b"");
    assert_eq!((status.status, status.header("Range")), (204, Some("0-5")));
    let put = send(server.addr, "PUT", &format!("{place}?digest={digest}"), &[], b"world");
    assert_eq!((put.status, put.header("Docker-Content-Digest")), (201, Some(digest.as_str())));
    let path = put.header("Location").unwrap();
    let whole = send(server.addr, "GET", path, &[], b"");
    assert_eq!((whole.status, whole.body.as_slice()), (200, &b"hello world"[..]));
    let head = send(server.addr, "HEAD", path, &[], b"");
    assert_eq!((head.status, head.header("Content-Length")), (200, Some("11")));
    let tail = send(server.addr, "GET", path, &[("Range", "bytes=6-")], b"");
    assert_eq!((tail.status, tail.header("Content-Range")), (206, Some("bytes 6-10/11")));
    assert_eq!(tail.body, b"world");
    assert_eq!(send(server.addr, "GET", path, &[("Range", "bytes=11-")], b"").status, 416);
    assert_eq!(send(server.addr, "GET", place, &[], b"").code(), "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn a_wrong_digest_is_refused_and_never_visible() {
    let (root, server) = registry();
    let promised = Digest::of(b"good");
    let post = send(server.addr, "POST", &format!("/v2/a/blobs/uploads/?digest={promised}"), &[], b"evil");
    assert_eq!((post.status, post.code().as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(send(server.addr, "GET", &format!("/v2/a/blobs/{promised}"), &[], b"").code(), "BLOB_UNKNOWN");
    assert_eq!(std::fs::read_dir(root.path().join("ingest")).unwrap().count(), 0);
    let bad = send(server.addr, "POST", "/v2/a/blobs/uploads/?digest=sha256:../../x", &[], b"");
    assert_eq!(bad.code(), "DIGEST_INVALID");
}

/// Nobody can go on behind what arrived of a blob that was sent without a session.
#[test]
fn a_whole_upload_that_is_cut_leaves_nothing() {
    let (root, server) = registry();
    let digest = Digest::of(b"1234567890");
    let mut stream = TcpStream::connect(server.addr).unwrap();
    let head =
        format!("POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    drop(read_end(stream));
    assert_eq!(std::fs::read_dir(root.path().join("ingest")).unwrap().count(), 0);
    push_blob(server.addr, "a", b"1234567890");
}

#[test]
fn two_uploads_of_one_blob_at_once_are_one_blob() {
    let (root, server) = registry();
    let digest = Digest::of(b"hello world");
    let begin = || send(server.addr, "POST", "/v2/a/blobs/uploads/", &[], b"").header("Location").unwrap().to_owned();
    let places = [begin(), begin()];
    for part in [&b"hello "[..], b"world"] {
        for place in &places {
            assert_eq!(send(server.addr, "PATCH", place, &[], part).status, 202);
        }
    }
    for place in &places {
        assert_eq!(send(server.addr, "PUT", &format!("{place}?digest={digest}"), &[], b"").status, 201);
    }
    let large = vec![7; 1 << 20];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| push_blob(server.addr, "b", &large));
        }
    });
    assert_eq!(send(server.addr, "GET", &format!("/v2/a/blobs/{digest}"), &[], b"").body, b"hello world");
    assert_eq!(send(server.addr, "GET", &format!("/v2/b/blobs/{}", Digest::of(&large)), &[], b"").body, large);
    assert_eq!(std::fs::read_dir(root.path().join("ingest")).unwrap().count(), 0);
}

#[test]
fn an_upload_that_is_not_there_is_unknown_to_every_method() {
    let (_root, server) = registry();
    for id in ["0123456789abcdef0123456789abcdef", "x", "..", "%2e%2e"] {
        let place = format!("/v2/a/blobs/uploads/{id}?digest={}", Digest::of(b""));
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            assert_eq!(send(server.addr, method, &place, &[], b"").status, 404, "{method} {id}");
        }
    }
}

/// No name, tag, digest or upload id becomes a path outside of its place.
#[test]
fn names_that_climb_are_refused() {
    let (root, server) = registry();
    push_blob(server.addr, "a", b"{}");
    let document = manifest(b"{}", &[]);
    let before = std::fs::read_dir(root.path()).unwrap().count();
    for name in ["..", "../x", "a/../../x", "a/..", "%2e%2e", "%2e%2e%2fx", ".", "a/./b", "_layers", "a/_manifests"] {
        let begun = send(server.addr, "POST", &format!("/v2/{name}/blobs/uploads/"), &[], b"");
        assert!(matches!(begun.status, 400 | 404), "{name}: {begun:?}");
        let put = send(server.addr, "PUT", &format!("/v2/{name}/manifests/v1"), &[MANIFEST], &document);
        assert!(matches!(put.status, 400 | 404), "{name}: {put:?}");
    }
    for tag in ["..", ".", "%2e%2e", "..%2f..%2fx", ".hidden", "a%00b"] {
        let put = send(server.addr, "PUT", &format!("/v2/a/manifests/{tag}"), &[MANIFEST], &document);
        assert!(matches!(put.status, 400 | 404), "{tag}: {put:?}");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), before);
    let repositories = std::fs::read_dir(root.path().join("repositories")).unwrap();
    assert_eq!(repositories.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn an_upload_cut_in_the_middle_goes_on_behind_what_arrived() {
    let (_root, server) = registry();
    let begun = send(server.addr, "POST", "/v2/a/blobs/uploads/", &[], b"");
    let place = begun.header("Location").unwrap();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    drop(read_end(stream));
    let status = send(server.addr, "GET", place, &[], b"");
    assert_eq!(status.header("Range"), Some("0-4"), "{status:?}");
    let digest = Digest::of(b"1234567890");
    let headers = [("Content-Range", "5-9")];
    let put = send(server.addr, "PUT", &format!("{place}?digest={digest}"), &headers, b"67890");
    assert_eq!(put.status, 201, "{put:?}");
}

fn read_end(mut stream: TcpStream) -> Vec<u8> {
    use std::io::Read as _;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    rest
}

#[test]
fn a_session_belongs_to_its_repository() {
    let (_root, server) = registry();
    let begun = send(server.addr, "POST", "/v2/mine/blobs/uploads/", &[], b"");
    let place = begun.header("Location").unwrap().replace("/mine/", "/yours/");
    assert_eq!(send(server.addr, "PATCH", &place, &[], b"x").code(), "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(send(server.addr, "DELETE", &place, &[], b"").status, 404);
    let mine = begun.header("Location").unwrap();
    assert_eq!(send(server.addr, "DELETE", mine, &[], b"").status, 204);
    assert_eq!(send(server.addr, "GET", mine, &[], b"").status, 404);
}

#[test]
fn a_blob_is_seen_only_where_it_was_pushed_or_mounted() {
    let (_root, server) = registry();
    let digest = push_blob(server.addr, "mine", b"secret");
    assert_eq!(send(server.addr, "GET", &format!("/v2/yours/blobs/{digest}"), &[], b"").status, 404);
    let mount = |from: &str| {
        send(server.addr, "POST", &format!("/v2/yours/blobs/uploads/?mount={digest}&from={from}"), &[], b"").status
    };
    assert_eq!(mount("other"), 202, "nobody mounts from where it is not");
    assert_eq!(mount("../mine"), 202);
    assert_eq!(send(server.addr, "HEAD", &format!("/v2/yours/blobs/{digest}"), &[], b"").status, 404);
    assert_eq!(mount("mine"), 201);
    assert_eq!(send(server.addr, "GET", &format!("/v2/yours/blobs/{digest}"), &[], b"").body, b"secret");
}

#[test]
fn manifests_are_kept_byte_for_byte_and_only_whole() {
    let (_root, server) = registry();
    let document = [manifest(b"{}", &[b"layer"]), b"\n ".to_vec()].concat();
    let put = |headers: &[(&str, &str)], body: &[u8]| send(server.addr, "PUT", "/v2/a/manifests/v1", headers, body);
    assert_eq!(put(&[MANIFEST], &document).code(), "MANIFEST_BLOB_UNKNOWN");
    push_blob(server.addr, "a", b"{}");
    push_blob(server.addr, "a", b"layer");
    assert_eq!(put(&[MANIFEST], &document).status, 201);
    let digest = Digest::of(&document);
    for target in ["v1", digest.as_str()] {
        let got = send(server.addr, "GET", &format!("/v2/a/manifests/{target}"), &[], b"");
        assert_eq!(got.body, document);
        assert_eq!(got.header("Docker-Content-Digest"), Some(digest.as_str()));
        assert_eq!(got.header("Content-Type"), Some(MANIFEST.1));
    }
    let both = String::from_utf8(document.clone()).unwrap().replace("\"layers\"", "\"manifests\":[],\"layers\"");
    assert_eq!(put(&[MANIFEST], both.as_bytes()).code(), "MANIFEST_INVALID");
    let index = [("Content-Type", "application/vnd.oci.image.index.v1+json")];
    assert_eq!(put(&index, &document).code(), "MANIFEST_INVALID");
    assert_eq!(put(&[MANIFEST], b"not json").code(), "MANIFEST_INVALID");
    assert_eq!(put(&[MANIFEST], &vec![b' '; (4 << 20) + 1]).status, 413);
    let other = Digest::of(b"other");
    let wrong = send(server.addr, "PUT", &format!("/v2/a/manifests/{other}"), &[MANIFEST], &document);
    assert_eq!(wrong.code(), "DIGEST_INVALID");
    assert_eq!(send(server.addr, "GET", "/v2/a/manifests/none", &[], b"").code(), "MANIFEST_UNKNOWN");
}

#[test]
fn lists_come_in_pages() {
    let (_root, server) = registry();
    for tag in ["b", "a", "c"] {
        push_image(server.addr, "team/web", tag, b"layer");
    }
    push_image(server.addr, "team-a", "v1", b"layer");
    let get = |path: &str| send(server.addr, "GET", path, &[], b"");
    assert_eq!(get("/v2/team/web/tags/list").json()["tags"], serde_json::json!(["a", "b", "c"]));
    let first = get("/v2/team/web/tags/list?n=2");
    assert_eq!(first.json()["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(first.header("Link"), Some("</v2/team/web/tags/list?last=b&n=2>; rel=\"next\""));
    let second = get("/v2/team/web/tags/list?last=b&n=2");
    assert_eq!((second.json()["tags"].clone(), second.header("Link")), (serde_json::json!(["c"]), None));
    assert_eq!(get("/v2/team/web/tags/list?n=0").json()["tags"], serde_json::json!([]));
    assert_eq!(get("/v2/none/tags/list").code(), "NAME_UNKNOWN");
    assert_eq!(get("/v2/_catalog").json()["repositories"], serde_json::json!(["team-a", "team/web"]));
    assert_eq!(get("/v2/_catalog?n=99999999").status, 200);
    assert_eq!(get("/v2/_catalog?n=x").status, 400);
}

#[test]
fn deleting_gives_the_space_back_and_spares_what_is_shared() {
    let (root, server) = registry();
    let kept = push_image(server.addr, "a", "kept", b"shared");
    push_blob(server.addr, "a", b"alone");
    let document = manifest(b"{}", &[b"shared", b"alone"]);
    send(server.addr, "PUT", "/v2/a/manifests/gone", &[MANIFEST], &document);
    let digest = Digest::of(&document);
    let there = |data: &[u8]| {
        let hex = Digest::of(data).hex().to_owned();
        root.path().join("blobs/sha256").join(&hex[..2]).join(hex).exists()
    };
    assert!(there(b"alone") && there(&document));
    assert_eq!(send(server.addr, "DELETE", &format!("/v2/a/manifests/{digest}"), &[], b"").status, 202);
    assert!(!there(b"alone") && !there(&document) && there(b"shared") && there(b"{}"));
    assert_eq!(send(server.addr, "GET", "/v2/a/manifests/gone", &[], b"").status, 404);
    assert_eq!(send(server.addr, "GET", &format!("/v2/a/manifests/{kept}"), &[], b"").status, 200);
    assert_eq!(send(server.addr, "DELETE", "/v2/a/manifests/kept", &[], b"").status, 202, "a tag alone");
    assert_eq!(send(server.addr, "GET", &format!("/v2/a/manifests/{kept}"), &[], b"").status, 200);
    let blob = format!("/v2/a/blobs/{}", Digest::of(b"shared"));
    assert_eq!(send(server.addr, "DELETE", &blob, &[], b"").status, 202);
    assert_eq!(send(server.addr, "DELETE", &blob, &[], b"").status, 404);
    assert!(!there(b"shared"));
}

#[test]
fn what_refers_to_a_manifest_is_listed() {
    let (_root, server) = registry();
    let subject = push_image(server.addr, "a", "v1", b"layer");
    let mut document: serde_json::Value = serde_json::from_slice(&manifest(b"{}", &[])).unwrap();
    document["artifactType"] = "application/x.signature".into();
    document["subject"] = serde_json::json!({"mediaType": MANIFEST.1, "digest": subject.as_str(), "size": 1});
    let document = document.to_string();
    let digest = Digest::of(document.as_bytes());
    let put = send(server.addr, "PUT", &format!("/v2/a/manifests/{digest}"), &[MANIFEST], document.as_bytes());
    assert_eq!(put.header("OCI-Subject"), Some(subject.as_str()), "{put:?}");
    let list = |query: &str| send(server.addr, "GET", &format!("/v2/a/referrers/{subject}{query}"), &[], b"").json();
    assert_eq!(list("")["manifests"][0]["digest"], digest.as_str());
    assert_eq!(
        list("?artifactType=application/x.signature")["manifests"][0]["artifactType"],
        "application/x.signature"
    );
    assert_eq!(list("?artifactType=other")["manifests"], serde_json::json!([]));
    assert_eq!(send(server.addr, "DELETE", &format!("/v2/a/manifests/{digest}"), &[], b"").status, 202);
    assert_eq!(list("")["manifests"], serde_json::json!([]));
}

#[test]
fn an_index_needs_its_manifests() {
    let (_root, server) = registry();
    let child = push_image(server.addr, "a", "v1", b"layer");
    let index = |digest: &Digest| {
        let entry = serde_json::json!({"mediaType": MANIFEST.1, "digest": digest.as_str(), "size": 1});
        serde_json::json!({"schemaVersion": 2, "manifests": [entry]}).to_string()
    };
    let headers = [("Content-Type", "application/vnd.oci.image.index.v1+json")];
    let put = |body: String| send(server.addr, "PUT", "/v2/a/manifests/all", &headers, body.as_bytes());
    assert_eq!(put(index(&Digest::of(b"nothing"))).code(), "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(put(index(&child)).status, 201);
}

#[test]
fn an_endless_head_is_cut_off() {
    let (_root, server) = registry();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    let line = format!("X-Fill: {}\r\n", "a".repeat(1000));
    let _ = stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n");
    for _ in 0..1000 {
        if stream.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    assert_eq!(read_answer(stream).status, 431);
}
