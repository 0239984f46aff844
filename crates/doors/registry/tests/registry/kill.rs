//! kill -9 in the middle of uploads: afterwards everything is whole or absent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use knarr_model::Digest;
use knarr_registry::{ServeArgs, run};

use crate::http::{MANIFEST, manifest, push_blob, send};

const ROOT: &str = "KNARR_REGISTRY_TEST_ROOT";

/// Not a test of its own: the program that the other tests kill.
#[test]
#[ignore = "run by the other tests as a process of its own"]
fn child() {
    let root = std::env::var_os(ROOT).unwrap().into();
    let args = ServeArgs { root, addr: "127.0.0.1:0".into(), htpasswd: None, tls_cert: None, tls_key: None };
    run(args).unwrap();
}

/// The process, its address, and its stdout, which must stay open for the harness in it.
fn start(root: &Path) -> (Child, SocketAddr, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "kill::child"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // The test harness prints the test's name before it on the same line.
    let line = stdout.by_ref().lines().map(Result::unwrap).find(|l| l.contains("listening on ")).unwrap();
    let addr = line.rsplit_once("http://").unwrap().1.parse().unwrap();
    (child, addr, stdout)
}

#[test]
fn after_a_kill_everything_is_whole_or_absent() {
    let root = tempfile::tempdir().unwrap();
    let (mut child, addr, _stdout) = start(root.path());
    push_blob(addr, "a", b"{}");
    push_blob(addr, "a", b"layer");
    let document = manifest(b"{}", &[b"layer"]);
    assert_eq!(send(addr, "PUT", "/v2/a/manifests/v1", &[MANIFEST], &document).status, 201);
    let begun = send(addr, "POST", "/v2/a/blobs/uploads/", &[], b"");
    let place = begun.header("Location").unwrap().to_owned();
    let half = vec![7u8; 1 << 20];
    let mut stream = TcpStream::connect(addr).unwrap();
    write!(stream, "PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", half.len() * 2).unwrap();
    stream.write_all(&half).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    // A blob that was committed, but whose membership was not written, is what a kill between the two leaves.
    let orphan = Digest::of(b"orphan");
    let folder = root.path().join("blobs/sha256").join(&orphan.hex()[..2]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(orphan.hex()), b"orphan").unwrap();

    let (mut child, addr, _stdout) = start(root.path());
    assert_eq!(send(addr, "GET", "/v2/a/manifests/v1", &[], b"").body, document);
    assert_eq!(send(addr, "GET", &format!("/v2/a/blobs/{}", Digest::of(b"layer")), &[], b"").body, b"layer");
    assert_eq!(send(addr, "GET", &place, &[], b"").code(), "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(std::fs::read_dir(root.path().join("ingest")).unwrap().count(), 0, "nothing half-made stays");
    assert!(!folder.join(orphan.hex()).exists());
    let second = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "kill::child"])
        .env(ROOT, root.path())
        .output()
        .unwrap();
    assert!(!second.status.success(), "a second registry on the same root is refused");
    terminate(&mut child);
}

/// Killed again and again while images arrive: what was answered is there, and what is there is whole.
#[test]
fn kills_while_images_arrive_leave_whole_images_only() {
    let root = tempfile::tempdir().unwrap();
    let mut pushed = 0;
    for round in 1..=4 {
        let (mut child, addr, _stdout) = start(root.path());
        let kill_at = pushed + 7 * round;
        while pushed < kill_at {
            push_numbered(addr, pushed);
            pushed += 1;
        }
        let pushing = std::thread::spawn(move || {
            for n in pushed.. {
                let pushed = std::panic::catch_unwind(|| push_numbered(addr, n));
                if pushed.is_err() {
                    return n;
                }
            }
            unreachable!("the registry is killed")
        });
        while !root.path().join(format!("repositories/a/_manifests/tags/{}", pushed + round)).exists() {
            assert!(!pushing.is_finished(), "the pushes ended by themselves");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = pushing.join().unwrap();
        let (mut child, addr, _stdout) = start(root.path());
        let tags = send(addr, "GET", "/v2/a/tags/list", &[], b"").json();
        let tags: Vec<&str> = tags["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        for tag in &tags {
            whole(addr, tag);
        }
        for n in 0..acknowledged {
            assert!(tags.contains(&n.to_string().as_str()), "{n} was answered, and is not there");
        }
        pushed = acknowledged;
        terminate(&mut child);
    }
}

/// Pushes an image that no other has a byte of in common with.
fn push_numbered(addr: SocketAddr, n: u32) {
    let (config, layer) = (format!("{{\"n\":{n}}}").into_bytes(), n.to_le_bytes().repeat(20_000));
    push_blob(addr, "a", &config);
    push_blob(addr, "a", &layer);
    let put = send(addr, "PUT", &format!("/v2/a/manifests/{n}"), &[MANIFEST], &manifest(&config, &[&layer]));
    assert_eq!(put.status, 201);
}

/// Everything that a tag names can be read, and has its digest.
fn whole(addr: SocketAddr, tag: &str) {
    let document = send(addr, "GET", &format!("/v2/a/manifests/{tag}"), &[], b"").json();
    for blob in [&document["config"]["digest"], &document["layers"][0]["digest"]] {
        let digest = blob.as_str().unwrap();
        let got = send(addr, "GET", &format!("/v2/a/blobs/{digest}"), &[], b"");
        assert_eq!(Digest::of(&got.body).as_str(), digest, "of tag {tag}");
    }
}

#[test]
fn sigterm_ends_it_cleanly() {
    let root = tempfile::tempdir().unwrap();
    let (mut child, addr, _stdout) = start(root.path());
    let _idle = TcpStream::connect(addr).unwrap();
    terminate(&mut child);
    assert!(TcpStream::connect(addr).is_err());
}

fn terminate(child: &mut Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let process = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_send_signal(process, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}
