//! A full disk: what does not fit is refused clearly, what is there can be read and removed.

use std::path::Path;

use knarr_model::Digest;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::http::{MANIFEST, manifest, push_blob, send};
use crate::server::Server;

/// A tmpfs of 2 MiB, gone with its value.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), Some(c"size=2m")).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.path(), UnmountFlags::DETACH).unwrap();
    }
}

#[test]
fn what_does_not_fit_is_refused_and_what_is_there_is_served() {
    let disk = Disk::new();
    let server = Server::plain(disk.path());
    let first = vec![1; 1 << 20];
    let digest = push_blob(server.addr, "a", &first);
    push_blob(server.addr, "a", b"{}");
    let document = manifest(b"{}", &[&first]);
    assert_eq!(send(server.addr, "PUT", "/v2/a/manifests/v1", &[MANIFEST], &document).status, 201);

    let second = vec![2; 3 << 19];
    let whole = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(&second));
    let refused = send(server.addr, "POST", &whole, &[], &second);
    assert_eq!(refused.status, 507, "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.body).contains("no space left"), "{refused:?}");
    let begun = send(server.addr, "POST", "/v2/a/blobs/uploads/", &[], b"");
    let place = begun.header("Location").unwrap();
    assert_eq!(send(server.addr, "PATCH", place, &[], &second).status, 507);
    let gone = send(server.addr, "GET", place, &[], b"");
    assert_eq!(gone.code(), "BLOB_UPLOAD_UNKNOWN", "a session that lost its bytes has ended");
    assert_eq!(std::fs::read_dir(disk.path().join("ingest")).unwrap().count(), 0, "what did not fit stays");

    assert_eq!(send(server.addr, "GET", "/v2/a/manifests/v1", &[], b"").body, document);
    assert_eq!(send(server.addr, "GET", &format!("/v2/a/blobs/{digest}"), &[], b"").body, first);
    let removed = format!("/v2/a/manifests/{}", Digest::of(&document));
    assert_eq!(send(server.addr, "DELETE", &removed, &[], b"").status, 202);
    push_blob(server.addr, "a", &second);
}
