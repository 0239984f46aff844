//! Archives of images and files: other tools read what we write and the other way round, and bad ones change nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};

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
