//! Archives of images and files: other tools read what we write and the other way round, and bad ones change nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, base};
use knarr_hostile_archives::tar;
use knarr_model::Digest;
use serde_json::json;

fn host() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    (host, knarr)
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A tar of these files, links and contents.
fn archive(host: &Host, name: &str, files: &[(&str, &str)], links: &[(&str, &str)]) -> PathBuf {
    let folder = host.path().join(format!("{name}.d"));
    fs::create_dir(&folder).unwrap();
    for (path, content) in files {
        let whole = folder.join(path);
        fs::create_dir_all(whole.parent().unwrap()).unwrap();
        fs::write(whole, content).unwrap();
    }
    for (path, target) in links {
        std::os::unix::fs::symlink(target, folder.join(path)).unwrap();
    }
    let tar = host.path().join(format!("{name}.tar"));
    run("tar", &["-cf", &text(&tar), "-C", &text(&folder), "."]);
    tar
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn skopeo_reads_what_save_writes_and_load_what_skopeo_writes() {
    let (host, knarr) = host();
    let saved = text(&host.path().join("saved.tar"));
    knarr.ok(&["save", "-o", &saved, "busybox"]).unwrap();
    let id = knarr.ok(&["image", "inspect", "-f", "{{.Id}}", "busybox"]).unwrap();
    let layout = host.path().join("layout");
    fs::create_dir(&layout).unwrap();
    run("tar", &["-xf", &saved, "-C", &text(&layout)]);
    let copies = [
        (format!("docker-archive:{saved}:busybox:latest"), "docker-archive", "one"),
        (format!("docker-archive:{saved}:busybox:latest"), "oci-archive", "two"),
        (format!("oci:{}:latest", text(&layout)), "docker-archive", "three"),
    ];
    for (from, kind, name) in copies {
        let path = text(&host.path().join(name));
        run("skopeo", &["copy", &from, &format!("{kind}:{path}:copy/{name}:1")]);
        let said = knarr.ok(&["load", "-i", &path]).unwrap();
        assert!(said.contains(&format!("copy/{name}:1")), "{said}");
        let loaded = knarr.ok(&["image", "inspect", "-f", "{{.Id}}", &format!("copy/{name}:1")]).unwrap();
        assert_eq!(loaded, id, "{kind}");
    }
    // Compressed as a whole, and as a stream.
    run("gzip", &["-k", &saved]);
    host.docker().ok(&["load", "-i", &format!("{saved}.gz")]).unwrap();
    host.finish().unwrap();
}

#[test]
fn bad_image_archives_name_what_is_wrong_and_leave_nothing() {
    let (host, knarr) = host();
    let count = |folder: &str| walk(&host.data_root().join(folder));
    let before = (count("layers"), count("blobs"), count("tmp"), knarr.ok(&["images", "-q"]).unwrap());
    let config = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}"#;
    let item =
        |config: &str, layer: &str| format!(r#"[{{"Config":"{config}","RepoTags":["bad:1"],"Layers":["{layer}"]}}]"#);
    let secret = text(&host.path().join("secret.json"));
    fs::write(&secret, config).unwrap();
    let mut cases = vec![
        ("empty", vec![("readme".to_owned(), "x".to_owned())], vec![], "no image archive"),
        ("malformed", vec![("manifest.json".into(), "{".into())], vec![], "manifest.json"),
        ("missing", vec![("manifest.json".into(), item("c.json", "l.tar"))], vec![], "c.json"),
        ("outside", vec![("manifest.json".into(), item("../secret.json", "l.tar"))], vec![], "secret.json"),
        (
            "linked",
            vec![("manifest.json".into(), item("c.json", "l.tar"))],
            vec![("c.json", secret.as_str())],
            "c.json",
        ),
        (
            "folder",
            vec![("manifest.json".into(), item("d", "l.tar")), ("d/x".into(), String::new())],
            vec![],
            "regular file",
        ),
    ];
    let wrong = vec![
        ("manifest.json".into(), item("c.json", "l.tar")),
        ("c.json".into(), config.to_owned()),
        ("l.tar".into(), "not a tar, and not what was promised".repeat(40)),
    ];
    cases.push(("wrong layer", wrong, vec![], "invalid archive"));
    let two = item("c.json", "l.tar").replace(r#""l.tar""#, r#""l.tar","l.tar""#);
    let lengths =
        vec![("manifest.json".into(), two), ("c.json".into(), config.to_owned()), ("l.tar".into(), String::new())];
    cases.push(("lengths", lengths, vec![], "length mismatch"));
    for (name, files, links, expected) in cases {
        let files: Vec<_> =
            files.iter().map(|(path, content): &(String, String)| (path.as_str(), content.as_str())).collect();
        let tar = archive(&host, name, &files, &links);
        let refused = knarr.fails(&["load", "-i", &text(&tar)]).unwrap();
        assert!(refused.stderr.contains(expected), "{name}: {}", refused.stderr);
    }
    let after = (count("layers"), count("blobs"), count("tmp"), knarr.ok(&["images", "-q"]).unwrap());
    assert_eq!(after, before, "something stayed of a bad archive");
    host.finish().unwrap();
}

/// How many files and folders there are below a folder.
fn walk(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.iter().map(|path| 1 + if path.is_symlink() { 0 } else { walk(path) }).sum()
}

#[test]
fn hostile_archives_do_not_leave_a_container() {
    let (host, knarr) = host();
    knarr.ok(&["create", "--name", "box", "busybox", "true"]).unwrap();
    let outside = host.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "sings").unwrap();
    let tar = host.path().join("hostile.tar");
    // GNU tar keeps the names as they are with -P.
    let folder = host.path().join("h");
    fs::create_dir_all(folder.join("deep")).unwrap();
    fs::write(folder.join("deep/canary"), "pwned").unwrap();
    let transform = format!("--transform=s,^deep/canary,../../../../../../../..{}/canary,", text(&outside));
    run("tar", &["-cPf", &text(&tar), &transform, "-C", &text(&folder), "deep/canary"]);
    let refused =
        host.docker().command(&["cp", "-", "box:/tmp"]).stdin(fs::File::open(&tar).unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("leaves the root"), "{said}");
    assert_eq!(fs::read_to_string(outside.join("canary")).unwrap(), "sings");
    host.finish().unwrap();
}

#[test]
fn diff_shows_only_what_the_container_did() {
    let (host, knarr) = host();
    knarr.ok(&["run", "--name", "box", "busybox", "true"]).unwrap();
    assert_eq!(knarr.ok(&["diff", "box"]).unwrap(), "");
    host.finish().unwrap();
}

#[test]
fn two_saves_are_the_same_bytes() {
    let (host, knarr) = host();
    knarr.ok(&["tag", "busybox", "second:2"]).unwrap();
    let saved = ["one.tar", "two.tar"].map(|name| host.path().join(name));
    for path in &saved {
        knarr.ok(&["save", "-o", &text(path), "busybox", "second:2"]).unwrap();
    }
    let other = Host::start().unwrap();
    other.knarr().ok(&["load", "-i", &text(&saved[0])]).unwrap();
    let again = other.path().join("again.tar");
    other.docker().ok(&["save", "-o", &text(&again), "busybox", "second:2"]).unwrap();
    let first = fs::read(&saved[0]).unwrap();
    assert!(first == fs::read(&saved[1]).unwrap(), "a second save differs");
    assert!(first == fs::read(&again).unwrap(), "a save of what was loaded differs");
    other.finish().unwrap();
    host.finish().unwrap();
}

/// With parents that the archive leaves out, and with a file that comes twice, so that the archive cannot be written from the layer and is
/// our own writer's. Seen to fail where each was our own writer's, and parents had the time of now: no second import gave the same.
/// Seen to fail where the daemon refuses every file, and where the client does not look at where stdin stands.
#[test]
fn a_daemon_on_this_machine_reads_and_writes_the_files_themselves() {
    let (host, knarr) = host();
    let (into, streamed) = (host.path().join("into.tar"), host.path().join("streamed.tar"));
    let said = knarr.run(&["--debug", "save", "-o", &text(&into), "busybox"]).unwrap();
    assert!(said.stderr.contains("/knarr/images/save?names=busybox: 204"), "{}", said.stderr);
    // Docker's own command sends and takes the bytes.
    host.docker().ok(&["save", "-o", &text(&streamed), "busybox"]).unwrap();
    assert!(fs::read(&into).unwrap() == fs::read(&streamed).unwrap());
    let id = knarr.ok(&["images", "-q", "--no-trunc", "busybox"]).unwrap();
    knarr.ok(&["rmi", "busybox"]).unwrap();
    let said = knarr.run(&["--debug", "load", "-i", &text(&into)]).unwrap();
    assert!(said.stderr.contains("/knarr/images/load?quiet=0: 200"), "{}", said.stderr);
    assert_eq!(knarr.ok(&["images", "-q", "--no-trunc", "busybox"]).unwrap(), id);
    assert_eq!(knarr.ok(&["run", "--rm", "busybox", "echo", "runs"]).unwrap(), "runs");

    // What stdin has given already is no part of the archive.
    knarr.ok(&["rmi", "busybox"]).unwrap();
    let behind = [&b"a line\n"[..], &fs::read(&into).unwrap()].concat();
    fs::write(&streamed, behind).unwrap();
    let script = format!("read line; exec {} \"$@\"", knarr.command(&["load"]).get_program().display());
    let mut load = Command::new("sh");
    load.args(["-c", &script, "sh"]).args(knarr.command(&["load"]).get_args());
    assert!(load.stdin(fs::File::open(&streamed).unwrap()).status().unwrap().success());
    assert_eq!(knarr.ok(&["images", "-q", "--no-trunc", "busybox"]).unwrap(), id);
    let empty = host.path().join("empty.tar");
    fs::write(&empty, "").unwrap();
    let refused = knarr.fails(&["load", "-i", &text(&empty)]).unwrap().stderr;
    assert!(refused.contains("neither manifest.json nor index.json"), "{refused}");
    host.finish().unwrap();
}

#[test]
fn an_archive_is_the_same_layer_whenever_it_is_imported() {
    let (host, knarr) = host();
    let tar = archive(&host, "twice", &[("a/b/file", "one"), ("a/.wh.gone", ""), ("c", "two")], &[]);
    let (tar, folder) = (text(&tar), text(&host.path().join("twice.d")));
    run("tar", &["-cf", &tar, "-C", &folder, "a/b/file", "a/.wh.gone"]);
    let plain = [tar.clone(), format!("{tar}.replacing"), format!("{tar}.gz")];
    run("cp", &[&plain[0], &plain[1]]);
    run("tar", &["-rf", &plain[1], "-C", &folder, "c", "a/b/file"]);
    run("gzip", &["-k", &plain[0]]);
    let saved = text(&host.path().join("saved.tar"));
    let digest = |path: &str| Digest::of(&fs::read(path).unwrap()).to_string();
    let layers = |name: &str| knarr.ok(&["image", "inspect", "-f", "{{join .RootFS.Layers \",\"}}", name]).unwrap();
    for (n, path) in plain.iter().enumerate() {
        let mut seen = if path.ends_with("replacing") { None } else { Some(digest(&plain[0])) };
        for client in [&knarr, &host.docker()] {
            client.ok(&["import", path, &format!("same:{n}")]).unwrap();
            let diff_id = layers(&format!("same:{n}"));
            assert_eq!(*seen.get_or_insert_with(|| diff_id.clone()), diff_id, "{path}");
            client.ok(&["save", "-o", &saved, &format!("same:{n}")]).unwrap();
            run("tar", &["-xf", &saved, "-C", &text(host.path()), "blobs"]);
            let layer = host.path().join("blobs/sha256").join(diff_id.replace("sha256:", ""));
            assert_eq!(digest(&text(&layer)), diff_id, "the layer in an archive of {path}");
            knarr.ok(&["rmi", &format!("same:{n}")]).unwrap();
        }
    }
    host.finish().unwrap();
}

/// A busybox below so many layers of one file each, as a Docker archive.
fn tower(layers: usize) -> Vec<u8> {
    let file = |name: &str, data: &[u8]| tar::with_content(tar::Header::new(name, b'0'), data);
    let mut all = vec![fs::read(base::busybox().unwrap()).unwrap()];
    all.extend(
        (1..layers).map(|n| tar::archive(&[file(&format!("of-{n}"), n.to_string().as_bytes()), file("last", b"!")])),
    );
    let names: Vec<_> = (0..layers).map(|n| format!("{n}.tar")).collect();
    let diff_ids: Vec<_> = all.iter().map(|layer| Digest::of(layer)).collect();
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let manifest = json!([{"Config": "config.json", "RepoTags": [format!("tower:{layers}")], "Layers": names}]);
    let mut members = vec![file("manifest.json", manifest.to_string().as_bytes())];
    members.push(file("config.json", config.to_string().as_bytes()));
    members.extend(names.iter().zip(&all).map(|(name, layer)| file(name, layer)));
    tar::archive(&members)
}

/// As many layers as Docker allows, and more than a mount option has room for. Seen to fail where the overlay got the first 200 of them.
#[test]
fn images_of_127_and_300_layers_run() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    for layers in [127, 300] {
        let path = host.path().join("tower.tar");
        fs::write(&path, tower(layers)).unwrap();
        knarr.ok(&["load", "-i", &text(&path)]).unwrap();
        let image = format!("tower:{layers}");
        let look =
            format!("cat /of-1 /of-{}; echo; ls / | grep -c of-; test -x /bin/busybox && echo below", layers - 1);
        let said = knarr.ok(&["run", "--name", &image.replace(':', ""), &image, "sh", "-c", &look]).unwrap();
        assert_eq!(said, format!("1{}\n{}\nbelow", layers - 1, layers - 1));
        knarr.ok(&["commit", &image.replace(':', ""), "higher"]).unwrap();
        assert_eq!(knarr.ok(&["run", "--rm", "higher", "cat", "/last"]).unwrap(), "!");
        let saved = text(&host.path().join("again.tar"));
        knarr.ok(&["save", "-o", &saved, "higher"]).unwrap();
    }
    host.finish().unwrap();
}

/// Podman with a store of the test's own.
struct Podman(PathBuf);

impl Podman {
    fn ok(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("podman");
        command.args(["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none"]);
        for folder in ["root", "runroot", "tmpdir"] {
            command.arg(format!("--{folder}={}", self.0.join(folder).display()));
        }
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// Layers with whiteouts and replaced folders, through podman's archives in both formats and back.
#[test]
fn podman_reads_what_save_writes_and_load_what_podman_writes() {
    let (host, knarr) = host();
    let change = "echo text > /file; chown 5:6 /file; chmod 4755 /file; ln /file /hard; ln -s file /soft; rm -r /usr /home; mkdir /home; touch /home/new; mkfifo /tmp/fifo";
    knarr.ok(&["run", "--name", "changed", "busybox", "sh", "-c", change]).unwrap();
    knarr.ok(&["commit", "changed", "layered:1"]).unwrap();
    let saved = text(&host.path().join("saved.tar"));
    knarr.ok(&["save", "-o", &saved, "layered:1"]).unwrap();
    let podman = Podman(host.path().join("podman"));
    podman.ok(&["load", "--quiet", "--input", &saved]);
    let id = knarr.ok(&["image", "inspect", "-f", "{{.Id}}", "layered:1"]).unwrap();
    assert_eq!(podman.ok(&["image", "inspect", "--format", "sha256:{{.Id}}", "layered:1"]), id);
    let theirs = podman.ok(&["image", "mount", "layered:1"]);
    let exported = host.path().join("exported.tar");
    knarr.ok(&["create", "--name", "view", "layered:1"]).unwrap();
    knarr.ok(&["export", "-o", &text(&exported), "view"]).unwrap();
    let ours = host.path().join("ours");
    fs::create_dir(&ours).unwrap();
    run("tar", &["-xpf", &text(&exported), "--numeric-owner", "-C", &text(&ours)]);
    // Podman does not take the root's own times over.
    run("touch", &["-d", "@0", &theirs, &text(&ours)]);
    assert_same_tree(Path::new(&theirs), &ours, &["./dev", "./proc", "./sys", "./etc"]);
    podman.ok(&["image", "unmount", "layered:1"]);
    let other = Host::start().unwrap();
    for format in ["docker-archive", "oci-archive"] {
        let archive = text(&host.path().join(format));
        podman.ok(&["save", "--quiet", "--format", format, "--output", &archive, "layered:1"]);
        let said = other.knarr().ok(&["load", "-i", &archive]).unwrap();
        assert!(said.contains("layered:1"), "{format}: {said}");
        let listing = ["run", "--rm", "layered:1", "stat", "-c", "%a %u:%g %h", "/file"];
        assert_eq!(other.knarr().ok(&listing).unwrap(), "4755 5:6 2", "{format}");
        let layers =
            |client: &Client, name| client.ok(&["image", "inspect", "-f", "{{json .RootFS.Layers}}", name]).unwrap();
        assert_eq!(layers(&other.knarr(), "layered:1"), layers(&knarr, "layered:1"), "{format}");
        other.knarr().ok(&["rmi", "layered:1"]).unwrap();
    }
    podman.ok(&["rmi", "--all", "--force"]);
    other.finish().unwrap();
    host.finish().unwrap();
}

/// GNU tar writes the same bytes of both trees, but for what is `left_out`: names, kinds, owners, modes, times, links,
/// extended attributes and contents are the same.
fn assert_same_tree(one: &Path, two: &Path, left_out: &[&str]) {
    let packed = [one, two].map(|tree| {
        let mut tar = Command::new("tar");
        tar.args(["-cf", "-", "--sort=name", "--format=posix", "--numeric-owner", "--xattrs", "--xattrs-include=*"]);
        tar.args(["--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime", "--warning=no-file-ignored"]);
        tar.args(left_out.iter().map(|path| format!("--exclude={path}")));
        tar.arg("-C").arg(tree).arg(".").output().unwrap().stdout
    });
    if packed[0] != packed[1] {
        let listed = [one, two].map(|tree| {
            let find = ["-printf", "%P %y %m %U:%G %T@ %n %s %l\n"];
            let output = Command::new("find").arg(tree).args(find).output().unwrap();
            let mut lines: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        });
        let only = |left: &[String], right: &[String]| {
            left.iter().filter(|line| right.binary_search(line).is_err()).take(20).cloned().collect::<Vec<_>>()
        };
        panic!(
            "only in {one:?}: {:#?}\nonly in {two:?}: {:#?}",
            only(&listed[0], &listed[1]),
            only(&listed[1], &listed[0])
        );
    }
}

/// A whole Debian, as mmdebstrap packs it: our unpacker and GNU tar make the same tree of it.
#[test]
fn a_debian_layer_unpacks_as_gnu_tar_unpacks_it() {
    let host = Host::start().unwrap();
    let debian = base::debian().unwrap();
    let hashed = Command::new("sha256sum").arg(&debian).output().unwrap().stdout;
    let diff_id = String::from_utf8_lossy(&hashed[..64]).into_owned();
    let folder = host.path().join("image");
    fs::create_dir(&folder).unwrap();
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:{diff_id}"]}}}}"#
    );
    fs::write(folder.join("config.json"), config).unwrap();
    fs::write(
        folder.join("manifest.json"),
        r#"[{"Config":"config.json","RepoTags":["debian:1"],"Layers":["layer.tar"]}]"#,
    )
    .unwrap();
    fs::copy(&debian, folder.join("layer.tar")).unwrap();
    let archive = text(&host.path().join("image.tar"));
    run("tar", &["-cf", &archive, "-C", &text(&folder), "."]);
    host.knarr().ok(&["load", "-i", &archive]).unwrap();
    let theirs = host.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    run("tar", &["-xpf", &text(&debian), "--numeric-owner", "--xattrs", "--xattrs-include=*", "-C", &text(&theirs)]);
    assert_same_tree(&theirs, &host.data_root().join("layers").join(&diff_id).join("fs"), &[]);
    host.finish().unwrap();
}
