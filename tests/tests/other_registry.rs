//! A registry that others wrote: Debian's docker-registry.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Running, wait_for};

/// Starts it on a free port of loopback, with its files in `folder`.
fn start(folder: &std::path::Path) -> (Running, String) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let config = folder.join("config.yml");
    let files = folder.join("files");
    let text = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{address}\"}}\n",
        files.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Running::start(&mut command).unwrap();
    wait_for("the registry answers", Duration::from_secs(20), || TcpStream::connect(&address).is_ok()).unwrap();
    (server, address)
}

#[test]
fn push_mount_and_pull_through_dockers_own_registry() {
    let (host, folder) = (Host::start().unwrap(), tempfile::tempdir().unwrap());
    let (server, address) = start(folder.path());
    let knarr = host.knarr();
    let (first, second) = (format!("{address}/base:1"), format!("{address}/team/web:1"));
    import_busybox(&knarr, &first).unwrap();
    let said = knarr.ok(&["push", &first]).unwrap();
    assert!(said.contains("Pushed"), "{said}");
    knarr.ok(&["tag", &first, &second]).unwrap();
    let said = knarr.ok(&["push", &second]).unwrap();
    assert!(said.contains("Mounted from base"), "{said}");
    let said = knarr.ok(&["push", &second]).unwrap();
    assert!(said.contains("Layer already exists"), "{said}");

    let other = Host::start().unwrap();
    let said = other.knarr().ok(&["pull", &second]).unwrap();
    assert!(said.contains("Downloaded newer image"), "{said}");
    assert_eq!(other.knarr().ok(&["run", "--rm", &second, "echo", "hi"]).unwrap(), "hi");
    let id = |host: &Host, image: &str| host.knarr().ok(&["image", "inspect", "-f", "{{.Id}}", image]).unwrap();
    assert_eq!(id(&other, &second), id(&host, &first));
    let digest = other.knarr().ok(&["image", "inspect", "-f", "{{index .RepoDigests 0}}", &second]).unwrap();
    let said = other.docker().ok(&["pull", &digest]).unwrap();
    assert!(said.contains("Image is up to date"), "{said}");

    // It has no referrers API: the index of the chunks is listed under a tag.
    let chunked = format!("{address}/chunked:1");
    knarr.ok(&["tag", &first, &chunked]).unwrap();
    knarr.ok(&["push", "--compression", "zstd", &chunked]).unwrap();
    let said = knarr.ok(&["push", "--compression", "zstd", &chunked]).unwrap();
    assert!(said.contains("Layer already exists"), "{said}");
    let tags = folder.path().join("files/docker/registry/v2/repositories/chunked/_manifests/tags");
    let names: Vec<_> = std::fs::read_dir(tags).unwrap().map(|tag| tag.unwrap().file_name()).collect();
    assert!(names.iter().any(|name| name.to_string_lossy().starts_with("sha256-")), "{names:?}");
    other.knarr().ok(&["pull", &chunked]).unwrap();
    assert_eq!(id(&other, &chunked), id(&host, &first));
    let missing = other.knarr().fails(&["pull", &format!("{address}/nothing:1")]).unwrap().stderr;
    assert!(missing.contains("nothing:1") && missing.contains("manifest unknown"), "{missing}");
    other.finish().unwrap();
    host.finish().unwrap();
    drop(server);
}
