//! A real client: podman (Debian's package) with a store of the test's own.

use std::path::Path;
use std::process::Command;

use crate::server::Server;
use crate::skopeo::{layout, skopeo};

/// Runs podman; its output, or what it complained about.
fn podman(folder: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new("podman")
        .args(["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none"])
        .arg(format!("--root={}", folder.join("root").display()))
        .arg(format!("--runroot={}", folder.join("run").display()))
        .arg(format!("--tmpdir={}", folder.join("tmp").display()))
        .args(args)
        .output()
        .expect("podman is needed: apt-get install podman");
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[test]
fn podman_pushes_and_pulls() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::plain(&dir.path().join("registry"));
    layout(&dir.path().join("image"));
    let image = |tag: &str| format!("{}/team/web:{tag}", server.addr);
    let source = format!("oci:{}", dir.path().join("image").display());
    skopeo(&["copy", "--dest-tls-verify=false", &source, &format!("docker://{}", image("v1"))]).unwrap();
    let podman = |args: &[&str]| podman(dir.path(), args).unwrap();
    let id = podman(&["pull", "--quiet", "--tls-verify=false", &image("v1")]);
    podman(&["push", "--tls-verify=false", &id, &image("v2")]);
    podman(&["rmi", "--all", "--force"]);
    assert_eq!(podman(&["pull", "--quiet", "--tls-verify=false", &image("v2")]), id);
    podman(&["rmi", "--all", "--force"]);
}
