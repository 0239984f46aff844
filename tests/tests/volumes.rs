//! Volumes, binds, tmpfs.

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

#[test]
fn a_named_volume_outlives_its_containers() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", "echo kept > /d/file"]).unwrap();
    assert_eq!(knarr.ok(&["run", "--rm", "-v", "data:/e:ro", "busybox", "cat", "/e/file"]).unwrap(), "kept");
    let read_only = knarr.run(&["run", "--rm", "-v", "data:/e:ro", "busybox", "touch", "/e/x"]).unwrap();
    assert!(read_only.code == 1 && read_only.stderr.contains("Read-only"), "{read_only:?}");
    knarr.ok(&["create", "--name", "user", "-v", "data:/d", "busybox", "true"]).unwrap();
    assert!(knarr.fails(&["volume", "rm", "data"]).unwrap().stderr.contains("in use"));
    knarr.ok(&["rm", "-v", "user"]).unwrap();
    assert_eq!(knarr.ok(&["volume", "ls", "-q"]).unwrap(), "data", "rm -v takes only anonymous volumes");
    knarr.ok(&["volume", "rm", "data"]).unwrap();
    host.finish().unwrap();
}

#[test]
fn a_new_volume_is_filled_from_the_image() {
    let (host, knarr) = host();
    let folder = host.path().join("context");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("Dockerfile"),
        "FROM busybox\nRUN mkdir -p /seed/deep && echo from-image > /seed/deep/file && chown -R 12:34 /seed && chmod 640 /seed/deep/file\n",
    )
    .unwrap();
    knarr.ok(&["build", "-t", "seeded", &folder.to_string_lossy()]).unwrap();
    let look = [
        "run",
        "--rm",
        "-v",
        "filled:/seed",
        "seeded",
        "sh",
        "-c",
        "cat /seed/deep/file; stat -c '%u:%g %a' /seed/deep/file",
    ];
    assert_eq!(knarr.ok(&look).unwrap(), "from-image\n12:34 640");
    knarr.ok(&["run", "--rm", "-v", "filled:/seed", "seeded", "sh", "-c", "echo changed > /seed/deep/file"]).unwrap();
    assert!(knarr.ok(&look).unwrap().starts_with("changed"), "the volume was filled a second time");
    host.finish().unwrap();
}

#[test]
fn binds_and_tmpfs() {
    let (host, knarr) = host();
    let folder = host.path().join("shared");
    std::fs::create_dir(&folder).unwrap();
    let bind = format!("{}:/shared", folder.display());
    knarr.ok(&["run", "--rm", "-v", &bind, "busybox", "sh", "-c", "echo out > /shared/file"]).unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("file")).unwrap(), "out\n");
    let read_only = format!("type=bind,source={},target=/s,readonly", folder.display());
    let refused = knarr.run(&["run", "--rm", "--mount", &read_only, "busybox", "touch", "/s/x"]).unwrap();
    assert!(refused.stderr.contains("Read-only"), "{refused:?}");
    let missing = "type=bind,source=/no/such/folder,target=/s";
    assert!(
        knarr
            .fails(&["run", "--rm", "--mount", missing, "busybox", "true"])
            .unwrap()
            .stderr
            .contains("/no/such/folder")
    );
    let tmpfs = knarr
        .ok(&[
            "run",
            "--rm",
            "--tmpfs",
            "/t:size=1m,mode=700",
            "busybox",
            "sh",
            "-c",
            "stat -f -c %T /t; stat -c %a /t",
        ])
        .unwrap();
    assert_eq!(tmpfs, "tmpfs\n700");
    host.finish().unwrap();
}

#[test]
fn a_volume_cannot_be_placed_through_a_symlink_of_the_image() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--name", "evil", "busybox", "ln", "-s", "/../../../../../../tmp", "/link"]).unwrap();
    knarr.ok(&["commit", "evil", "evil"]).unwrap();
    let mark = format!("mark-{}", std::process::id());
    knarr.ok(&["run", "--rm", "-v", "inner:/link/inner", "evil", "touch", &format!("/link/inner/{mark}")]).unwrap();
    assert!(!std::path::Path::new("/tmp/inner").exists(), "the mount point was made on the host");
    host.finish().unwrap();
}

#[test]
fn anonymous_volumes_go_with_their_container_or_a_prune() {
    let (host, knarr) = host();
    let docker = host.docker();
    let volumes = || docker.ok(&["volume", "ls", "-q"]).unwrap().lines().count();
    docker.ok(&["run", "--rm", "-v", "/scratch", "busybox", "true"]).unwrap();
    assert_eq!(volumes(), 0);
    docker.ok(&["volume", "create", "kept"]).unwrap();
    docker.ok(&["run", "--name", "user", "-v", "/scratch", "-v", "kept:/kept", "busybox", "true"]).unwrap();
    docker.ok(&["volume", "prune", "-f"]).unwrap();
    assert_eq!(volumes(), 2, "a volume in use was pruned");
    knarr.ok(&["rm", "user"]).unwrap();
    docker.ok(&["volume", "prune", "-f"]).unwrap();
    assert_eq!(docker.ok(&["volume", "ls", "-q"]).unwrap(), "kept", "only the anonymous one goes");
    docker.ok(&["volume", "prune", "-a", "-f"]).unwrap();
    assert_eq!(volumes(), 0);
    host.finish().unwrap();
}
