//! Images: tags, history, save and load, import and export, commit, diff, removal with shared layers kept.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, Registry, wait_for};
use knarr_model::Digest;

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

fn id(client: &Client, image: &str) -> String {
    client.ok(&["image", "inspect", "-f", "{{.Id}}", image]).unwrap()
}

#[test]
fn tags_name_images_and_removal_keeps_what_is_shared() {
    let (host, knarr) = host();
    knarr.ok(&["tag", "busybox", "other:1"]).unwrap();
    assert_eq!(id(&knarr, "other:1"), id(&knarr, "busybox"));
    knarr.ok(&["run", "--name", "changed", "busybox", "sh", "-c", "echo more > /more"]).unwrap();
    knarr.ok(&["commit", "changed", "child"]).unwrap();
    knarr.ok(&["rm", "changed"]).unwrap();
    let removed = knarr.ok(&["rmi", "other:1"]).unwrap();
    assert_eq!(removed, "Untagged: other:1");
    knarr.ok(&["rmi", "-f", "busybox"]).unwrap();
    assert_eq!(
        knarr.ok(&["run", "--rm", "child", "cat", "/more"]).unwrap(),
        "more",
        "a shared layer went with its image"
    );
    let removed = knarr.ok(&["rmi", "child"]).unwrap();
    assert!(removed.contains("Untagged: child:latest") && removed.contains("Deleted: sha256:"), "{removed}");
    let layers = std::fs::read_dir(host.data_root().join("layers")).unwrap().count();
    assert_eq!(layers, 0, "layers stay that no image has");
    host.finish().unwrap();
}

#[test]
fn an_image_in_use_is_kept() {
    let (host, knarr) = host();
    knarr.ok(&["create", "--name", "user", "busybox"]).unwrap();
    let refused = knarr.fails(&["rmi", "busybox"]).unwrap();
    assert!(refused.stderr.contains("conflict") && refused.stderr.contains("container"), "{}", refused.stderr);
    host.finish().unwrap();
}

#[test]
fn saved_and_loaded_elsewhere_it_is_the_same_image() {
    let (host, knarr) = host();
    let archive = host.path().join("saved.tar").to_string_lossy().into_owned();
    knarr.ok(&["tag", "busybox", "second:2"]).unwrap();
    knarr.ok(&["save", "-o", &archive, "busybox", "second:2"]).unwrap();
    let other = Host::start().unwrap();
    let loaded = other.docker().ok(&["load", "-i", &archive]).unwrap();
    assert!(loaded.contains("Loaded image: busybox:latest") && loaded.contains("Loaded image: second:2"), "{loaded}");
    assert_eq!(id(&other.knarr(), "second:2"), id(&knarr, "busybox"));
    assert_eq!(other.knarr().ok(&["run", "--rm", "second:2", "echo", "hi"]).unwrap(), "hi");
    other.finish().unwrap();
    host.finish().unwrap();
}

#[test]
fn exported_and_imported_the_files_are_the_same() {
    let (host, knarr) = host();
    let tar = host.path().join("exported.tar").to_string_lossy().into_owned();
    knarr
        .ok(&[
            "run",
            "--name",
            "changed",
            "busybox",
            "sh",
            "-c",
            "echo text > /file; chown 5:6 /file; ln -s file /link; rm /bin/vi",
        ])
        .unwrap();
    knarr.ok(&["export", "-o", &tar, "changed"]).unwrap();
    knarr.ok(&["import", "-c", "CMD [\"cat\", \"/link\"]", "-m", "from a tar", &tar, "imported"]).unwrap();
    assert_eq!(knarr.ok(&["run", "--rm", "imported"]).unwrap(), "text");
    assert_eq!(
        knarr
            .ok(&["run", "--rm", "imported", "sh", "-c", "stat -c %u:%g /file; ls /bin/vi 2>/dev/null | wc -l"])
            .unwrap(),
        "5:6\n0"
    );
    assert_eq!(knarr.ok(&["history", "imported", "--format", "{{.Comment}}"]).unwrap(), "from a tar");
    host.finish().unwrap();
}

#[test]
fn commit_takes_what_was_changed_and_what_is_said() {
    let (host, knarr) = host();
    knarr
        .ok(&[
            "run",
            "--name",
            "changed",
            "busybox",
            "sh",
            "-c",
            "echo new > /new; rm /bin/vi; echo root:x:0:0::/:/bin/sh > /etc/passwd",
        ])
        .unwrap();
    let mut changes: Vec<String> = knarr.ok(&["diff", "changed"]).unwrap().lines().map(str::to_owned).collect();
    changes.sort();
    assert_eq!(changes, ["A /new", "C /bin", "C /etc", "C /etc/passwd", "D /bin/vi"]);
    knarr
        .ok(&["commit", "-a", "me", "-m", "why", "-c", "ENV WHO=me", "-c", "ENTRYPOINT [\"cat\"]", "changed", "new:1"])
        .unwrap();
    assert_eq!(knarr.ok(&["run", "--rm", "new:1", "/new"]).unwrap(), "new");
    let said = knarr.ok(&["image", "inspect", "-f", "{{.Author}} {{.Comment}} {{json .Config.Env}}", "new:1"]).unwrap();
    assert!(said.starts_with("me why") && said.contains("WHO=me"), "{said}");
    assert_eq!(
        knarr.ok(&["run", "--rm", "--entrypoint", "ls", "new:1", "/bin/vi"]).ok(),
        None,
        "a removed file is back"
    );
    host.finish().unwrap();
}

#[test]
fn cp_both_ways_with_folders_links_and_owners() {
    let (host, knarr) = host();
    knarr.ok(&["create", "--name", "changed", "busybox"]).unwrap();
    let folder = host.path().join("tree");
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    std::fs::write(folder.join("deep/file"), "deep").unwrap();
    std::os::unix::fs::symlink("deep/file", folder.join("link")).unwrap();
    knarr.ok(&["cp", &folder.to_string_lossy(), "changed:/into"]).unwrap();
    knarr.ok(&["start", "changed"]).unwrap();
    let back = host.path().join("back");
    knarr.ok(&["cp", "changed:/into", &back.to_string_lossy()]).unwrap();
    assert_eq!(std::fs::read_to_string(back.join("link")).unwrap(), "deep");
    assert_eq!(std::fs::read_link(back.join("link")).unwrap().to_string_lossy(), "deep/file");
    let docker = host.docker();
    let again = host.path().join("again");
    docker.ok(&["cp", "changed:/into/deep/file", &again.to_string_lossy()]).unwrap();
    assert_eq!(std::fs::read_to_string(&again).unwrap(), "deep");
    host.finish().unwrap();
}

/// The writable layer is mounted by a start, and by who copies while the container does not run: never by both at once.
#[test]
fn cp_and_start_of_one_container_do_not_disturb_each_other() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--name", "busy", "-v", "data:/data", "busybox", "sh", "-c", "cat /tmp/note; true"]).unwrap();
    let note = host.path().join("note");
    std::fs::write(&note, "copied\n").unwrap();
    let copies = || {
        for _ in 0..20 {
            knarr.ok(&["cp", &note.to_string_lossy(), "busy:/tmp/note"]).unwrap();
            knarr.ok(&["cp", "busy:/tmp/note", "-"]).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(copies);
        scope.spawn(copies);
        for _ in 0..20 {
            knarr.ok(&["start", "-a", "busy"]).unwrap();
        }
    });
    assert_eq!(knarr.ok(&["start", "-a", "busy"]).unwrap(), "copied");
    host.finish().unwrap();
}

#[test]
fn digests_name_what_was_pushed_and_pulled() {
    let (host, knarr) = host();
    let registry = Registry::start().unwrap();
    let image = registry.image("team/web:1");
    knarr.ok(&["tag", "busybox", &image]).unwrap();
    let digests = |client: &Client| client.ok(&["image", "inspect", "-f", "{{json .RepoDigests}}", &image]).unwrap();
    assert_eq!(digests(&knarr), "[]", "an image made here has no digest before it is pushed");
    knarr.ok(&["push", &image]).unwrap();
    let manifest = registry.get("/v2/team/web/manifests/1").unwrap().1;
    let digest = Digest::of(manifest.as_bytes());
    let by_digest = format!("{}@{digest}", registry.image("team/web"));
    assert_eq!(digests(&knarr), format!("[\"{by_digest}\"]"));
    let other = Host::start().unwrap();
    for named in [by_digest.clone(), format!("{image}@{digest}")] {
        other.knarr().ok(&["pull", &named]).unwrap();
        assert_eq!(other.knarr().ok(&["run", "--rm", &by_digest, "echo", "hi"]).unwrap(), "hi");
        let listed = other.knarr().ok(&["images", "--digests", "--format", "{{.Tag}} {{.Digest}}"]).unwrap();
        assert_eq!(listed, format!("<none> {digest}"));
        other.docker().ok(&["rmi", &by_digest]).unwrap();
    }
    let wrong = format!("{}@{}", registry.image("team/web"), Digest::of(b"another"));
    let refused = other.knarr().fails(&["pull", &wrong]).unwrap().stderr;
    assert!(refused.contains("manifest unknown"), "{refused}");
    other.finish().unwrap();
    host.finish().unwrap();
}

/// An image that lost its last name stays as long as one that was made on it, and goes with it.
#[test]
fn parents_without_a_name_go_with_their_children() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--name", "changed", "busybox", "touch", "/one"]).unwrap();
    let first = knarr.ok(&["commit", "changed", "work"]).unwrap();
    knarr.ok(&["rm", "changed"]).unwrap();
    knarr.ok(&["run", "--name", "changed", "work", "touch", "/two"]).unwrap();
    let second = knarr.ok(&["commit", "changed", "work"]).unwrap();
    knarr.ok(&["rm", "changed"]).unwrap();
    let all = |flag: &str| knarr.ok(&["images", flag, "--no-trunc"]).unwrap();
    assert!(all("-q").contains(&second) && !all("-q").contains(&first), "{}", all("-q"));
    assert!(all("-aq").contains(&first));
    knarr.ok(&["image", "prune", "-f"]).unwrap();
    assert!(all("-aq").contains(&first), "a parent was pruned");
    let busybox = id(&knarr, "busybox");
    knarr.ok(&["rmi", "busybox"]).unwrap();
    let removed = knarr.ok(&["rmi", "work"]).unwrap();
    for gone in [&first, &second, &busybox] {
        assert!(removed.contains(&format!("Deleted: {gone}")), "{gone} stays: {removed}");
    }
    assert_eq!(all("-aq"), "");
    for folder in ["layers", "blobs/sha256"] {
        let folders = std::fs::read_dir(host.data_root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let left: Vec<_> = folders.filter(|path| std::fs::read_dir(path).unwrap().count() > 0).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    host.finish().unwrap();
}

#[test]
fn a_commit_whose_client_goes_away_leaves_the_container_running() {
    let (host, knarr) = host();
    let write = "head -c 48000000 /dev/urandom > /big; touch /done; sleep 1000";
    knarr.ok(&["run", "-d", "--name", "big", "busybox", "sh", "-c", write]).unwrap();
    let done = || knarr.run(&["exec", "big", "ls", "/done"]).unwrap().code == 0;
    wait_for("the container has written", Duration::from_secs(60), done).unwrap();
    let mut socket = UnixStream::connect(host.socket()).unwrap();
    let request = "POST /v1.45/commit?container=big&repo=cut HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nnull";
    socket.write_all(request.as_bytes()).unwrap();
    let is = |status: &str| knarr.ok(&["inspect", "-f", "{{.State.Status}}", "big"]).unwrap() == status;
    let made = || knarr.run(&["image", "inspect", "cut"]).unwrap().code == 0;
    wait_for("the commit has begun", Duration::from_secs(20), || is("paused") || made()).unwrap();
    drop(socket);
    wait_for("the container runs again", Duration::from_secs(60), || is("running")).unwrap();
    assert_eq!(knarr.ok(&["exec", "big", "echo", "alive"]).unwrap(), "alive");
    host.finish().unwrap();
}
