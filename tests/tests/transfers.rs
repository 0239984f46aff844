//! Pulls that go wrong: cut by a kill, or fed with layers that lie.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Registry, Tap, wait_for};
use knarr_model::Digest;

/// Files below a folder.
fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(|e| e.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// Bytes of the largest file below `folder`.
fn largest(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |path: &Path| if path.is_dir() { largest(path) } else { path.metadata().map_or(0, |m| m.len()) };
    entries.flatten().map(|entry| size(&entry.path())).max().unwrap_or(0)
}

/// Puts an image of one layer into a registry, whose config says that it has this diff id.
fn put_image(registry: &Registry, name: &str, layer: &[u8], diff_id: &Digest) {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id.as_str()]},
    });
    let config = config.to_string().into_bytes();
    let part = |kind: &str, data: &[u8]| serde_json::json!({"mediaType": kind, "digest": Digest::of(data).as_str(), "size": data.len()});
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": part("application/vnd.oci.image.config.v1+json", &config),
        "layers": [part("application/vnd.oci.image.layer.v1.tar", layer)],
    });
    for blob in [layer, &config] {
        registry.put_blob(name, blob).unwrap();
    }
    registry.put_manifest(name, "1", MANIFEST, manifest.to_string().as_bytes()).unwrap();
}

/// One member of a layer's archive.
fn member(name: &str, kind: u8, link: &str, data: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\x000000000\x000000000\x00");
    put(124, &format!("{:011o}\0{:011o}\0", data.len(), 0));
    put(148, "        ");
    put(157, link);
    put(257, "ustar\x0000");
    header[156] = kind;
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut member = [&header, data].concat();
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut gzip = std::process::Command::new("gzip");
    let mut gzip = gzip.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(data).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

/// Each is refused with the layer's and the image's name, leaves nothing, and does not keep the right one from coming.
#[test]
fn a_registry_is_asked_what_it_has_without_a_pull() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let layer = vec![0; 1024];
    put_image(&registry, "it", &layer, &Digest::of(&layer));
    let found = host.http().get(&format!("/v1.45/distribution/{}/json", registry.image("it:1"))).unwrap();
    assert_eq!(found["Descriptor"]["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert!(found["Descriptor"]["digest"].as_str().unwrap().starts_with("sha256:"), "{found}");
    assert_eq!(found["Platforms"], serde_json::json!([{"architecture": "amd64", "os": "linux"}]));
    let missing = host.http().ask("GET", &format!("/v1.45/distribution/{}/json", registry.image("it:2"))).unwrap();
    assert_eq!(missing.status, 404, "{}", missing.text());
    assert_eq!(files(&host.data_root().join("blobs")), 0, "something was fetched");
    host.finish().unwrap();
}

#[test]
fn a_layer_that_lies_leaves_nothing_behind() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let good = [member("file", b'0', "", b"good"), vec![0; 1024]].concat();
    let compressed = gzip(&good);
    let lies: [(&str, Vec<u8>, Digest, &str); 9] = [
        ("other", good.clone(), Digest::of(b"other"), "layer does not match its diff id"),
        ("garbage", vec![b'x'; 2048], Digest::of(&[b'x'; 2048]), "invalid archive"),
        ("climbs", member("../../canary", b'0', "", b"pwned"), Digest::of(b""), "leaves the root"),
        ("links-out", member("link", b'1', "../../../etc/passwd", b""), Digest::of(b""), "leaves the root"),
        ("device", member("device", b'3', "", b""), Digest::of(b""), "is a device 0:0"),
        ("whiteout", member(".wh..", b'0', "", b""), Digest::of(b""), "whiteout of no file"),
        ("folder", member("folder", b'5', "", b"content"), Digest::of(b""), "has content"),
        ("cut", member("file", b'0', "", &[1; 3000])[..2000].to_vec(), Digest::of(b""), "in the middle"),
        ("cut-gzip", compressed[..compressed.len() - 12].to_vec(), Digest::of(&good), "cannot unpack layer"),
    ];
    for (name, layer, diff_id, why) in lies {
        let image = registry.image(&format!("{name}:1"));
        put_image(&registry, name, &layer, &diff_id);
        let refused = host.docker().fails(&["pull", &image]).unwrap().stderr;
        for word in [why, Digest::of(&layer).as_str(), &image] {
            assert!(refused.contains(word), "{name} does not name {word:?}: {refused}");
        }
        assert_eq!(host.docker().ok(&["images", "-q"]).unwrap(), "");
        for folder in ["blobs", "ingest", "layers"] {
            wait_for(folder, Duration::from_secs(10), || files(&host.data_root().join(folder)) == 0).unwrap();
        }
        put_image(&registry, name, &good, &Digest::of(&good));
        host.docker().ok(&["pull", &image]).unwrap();
        host.docker().ok(&["rmi", &image]).unwrap();
    }
    host.finish().unwrap();
}

#[test]
fn a_pull_that_a_kill_cut_goes_on_where_it_was() {
    let (mut host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let direct = registry.image("big:1");
    import_noise(&host, &direct);
    host.docker().ok(&["push", &direct]).unwrap();
    host.docker().ok(&["rmi", &direct]).unwrap();
    assert_eq!(files(&host.data_root().join("blobs")), 0);

    let tap = Tap::start(registry.address(), 4 << 20).unwrap();
    let image = format!("{}/big:1", tap.address());
    let mut cut = host.docker().command(&["pull", &image]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // What has passed the line may still be in a socket; at most a batch of what the daemon took is not in a file.
    let ingest = host.data_root().join("ingest");
    let kept = || largest(&ingest);
    wait_for("half of the layer in a file", Duration::from_secs(30), || kept() >= 3 << 20).unwrap();
    host.kill_daemon().unwrap();
    let kept = kept();
    assert!(!cut.wait().unwrap().success());
    host.resume().unwrap();
    assert_eq!(host.docker().ok(&["images", "-q"]).unwrap(), "", "what is not whole has no name");

    let before = tap.reset(u64::MAX);
    host.docker().ok(&["pull", &image]).unwrap();
    let rest = tap.passed();
    let missing = largest(&host.data_root().join("blobs")) - kept;
    let documents = 64 << 10;
    assert!(rest <= missing + documents, "{before} bytes came first, {kept} were kept, then came {rest}");
    assert_eq!(files(&ingest), 0);
    host.finish().unwrap();
}

/// Bytes that do not compress.
const NOISE: usize = 8 << 20;

/// Imports an image of one incompressible file.
fn import_noise(host: &Host, name: &str) {
    let folder = host.path().join("noise");
    std::fs::create_dir(&folder).unwrap();
    let mut noise = vec![0; NOISE];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
    std::fs::write(folder.join("noise"), noise).unwrap();
    let archive = host.path().join("noise.tar");
    let mut tar = std::process::Command::new("tar");
    assert!(tar.arg("-C").arg(&folder).arg("-cf").arg(&archive).arg(".").status().unwrap().success());
    host.docker().ok(&["import", &archive.to_string_lossy(), name]).unwrap();
}

#[test]
fn a_second_repository_gets_its_layers_mounted() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let (first, second) = (registry.image("base:1"), registry.image("team/web:1"));
    import_busybox(&host.docker(), &first).unwrap();
    host.docker().ok(&["push", &first]).unwrap();
    let stored = registry.stored_bytes().unwrap();
    host.docker().ok(&["tag", &first, &second]).unwrap();
    let said = host.docker().ok(&["push", &second]).unwrap();
    assert!(said.contains("Mounted from base"), "{said}");
    assert!(registry.stored_bytes().unwrap() - stored < 4096, "no layer was stored twice");
    let again = host.docker().ok(&["push", &second]).unwrap();
    assert!(again.contains("Layer already exists"), "{again}");
    host.finish().unwrap();
}

/// Media types of one of the two worlds: index, manifest, config, layer.
const WORLDS: [[&str; 4]; 2] = [
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar",
    ],
    [
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar",
    ],
];

#[test]
fn the_platform_is_picked_from_indexes_of_both_worlds() {
    let (host, registry) = (Host::start().unwrap(), Registry::start().unwrap());
    let (knarr, docker) = (host.knarr(), host.docker());
    for (name, world) in ["oci", "docker"].into_iter().zip(&WORLDS) {
        let platforms = ["amd64", "arm64"].map(|architecture| put_platform(&registry, name, world, architecture));
        let index = serde_json::json!({"schemaVersion": 2, "mediaType": world[0], "manifests": platforms}).to_string();
        registry.put_manifest(name, "1", world[0], index.as_bytes()).unwrap();
        let image = registry.image(&format!("{name}:1"));
        let architecture = || knarr.ok(&["image", "inspect", "-f", "{{.Architecture}}", &image]).unwrap();
        docker.ok(&["pull", &image]).unwrap();
        assert_eq!(architecture(), "amd64");
        knarr.ok(&["pull", "--platform", "linux/arm64", &image]).unwrap();
        assert_eq!(architecture(), "arm64");
        let missing = docker.fails(&["pull", "--platform", "linux/s390x", &image]).unwrap().stderr;
        assert!(missing.contains("no matching manifest for linux/s390x"), "{missing}");
        let by_digest = format!("{}@{}", registry.image(name), Digest::of(index.as_bytes()));
        knarr.ok(&["pull", &by_digest]).unwrap();
        let digests = knarr.ok(&["image", "inspect", "-f", "{{json .RepoDigests}}", &by_digest]).unwrap();
        assert_eq!(digests, format!("[\"{by_digest}\"]"), "the index's digest is the image's");
    }
    host.finish().unwrap();
}

/// Puts an image without files for a platform; its descriptor.
fn put_platform(registry: &Registry, name: &str, kinds: &[&str; 4], architecture: &str) -> serde_json::Value {
    let layer = [0; 1024];
    let config = serde_json::json!({
        "architecture": architecture, "os": "linux", "author": name,
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer).as_str()]},
    });
    let config = config.to_string().into_bytes();
    let part = |kind: &str, data: &[u8]| serde_json::json!({"mediaType": kind, "digest": Digest::of(data).as_str(), "size": data.len()});
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": kinds[1],
        "config": part(kinds[2], &config), "layers": [part(kinds[3], &layer)],
    });
    let manifest = manifest.to_string().into_bytes();
    for blob in [&layer[..], &config] {
        registry.put_blob(name, blob).unwrap();
    }
    registry.put_manifest(name, Digest::of(&manifest).as_str(), kinds[1], &manifest).unwrap();
    let mut entry = part(kinds[1], &manifest);
    entry["platform"] = serde_json::json!({"os": "linux", "architecture": architecture});
    entry
}

/// What skopeo sends, compressed in either way, is the image that it was made of.
#[test]
fn layers_are_read_however_they_are_compressed() {
    let host = Host::start().unwrap();
    import_busybox(&host.knarr(), "busybox").unwrap();
    let saved = host.path().join("saved.tar").to_string_lossy().into_owned();
    host.knarr().ok(&["save", "-o", &saved, "busybox"]).unwrap();
    let layers = |host: &Host, name: &str| {
        host.knarr().ok(&["image", "inspect", "-f", "{{json .RootFS.Layers}}", name]).unwrap()
    };
    let ways: [(&str, &[&str], &str); 2] = [
        ("gzip", &["--format", "v2s2", "--dest-compress-format", "gzip"], "diff.tar.gzip"),
        ("zstd", &["--format", "oci", "--dest-compress-format", "zstd"], "v1.tar+zstd"),
    ];
    for (name, flags, kind) in ways {
        // One each: skopeo remembers which registry has a layer in another form, and would send no other.
        let registry = Registry::start().unwrap();
        let image = registry.image(&format!("{name}:1"));
        let mut skopeo = std::process::Command::new("skopeo");
        skopeo.args(["copy", "-q", "--insecure-policy", "--dest-tls-verify=false"]).args(flags);
        let copied = skopeo.args([&format!("docker-archive:{saved}"), &format!("docker://{image}")]).output().unwrap();
        assert!(copied.status.success(), "{name}: {}", String::from_utf8_lossy(&copied.stderr));
        let manifest = registry.get(&format!("/v2/{name}/manifests/1")).unwrap().1;
        assert!(manifest.contains(kind), "{name}: {manifest}");
        let other = Host::start().unwrap();
        other.docker().ok(&["pull", &image]).unwrap();
        assert_eq!(layers(&other, &image), layers(&host, "busybox"), "{name}");
        assert_eq!(other.knarr().ok(&["run", "--rm", &image, "echo", "hi"]).unwrap(), "hi");
        other.finish().unwrap();
    }
    host.finish().unwrap();
}

/// Broken for a look, and seen to fail here: `Already exists` not said; the totals left out of the bytes.
#[test]
fn docker_is_told_of_each_layer_what_becomes_of_it() {
    let registry = Registry::start().unwrap();
    let host = Host::start().unwrap();
    let (knarr, docker) = (host.knarr(), host.docker());
    let (lower, upper) = (registry.image("lower:1"), registry.image("upper:1"));
    import_busybox(&knarr, &lower).unwrap();
    let context = host.path().join("context");
    std::fs::create_dir(&context).unwrap();
    std::fs::write(context.join("Dockerfile"), format!("FROM {lower}\nRUN echo more > /more\n")).unwrap();
    knarr.ok(&["build", "-q", "-t", &upper, &context.to_string_lossy()]).unwrap();
    [&lower, &upper].iter().for_each(|image| drop(knarr.ok(&["push", image]).unwrap()));
    knarr.ok(&["rmi", &upper, &lower]).unwrap();

    docker.ok(&["pull", "-q", &lower]).unwrap();
    let said = docker.ok(&["pull", &upper]).unwrap();
    let mut lines: Vec<&str> = said.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text).collect();
    lines.retain(|text| !text.starts_with("sha256:") && !text.starts_with("Downloaded newer"));
    let wanted = ["Already exists", "Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete"];
    lines.sort_by_key(|text| wanted.iter().position(|known| text.starts_with(known)));
    assert_eq!(lines, [&["Pulling from upper"][..], &wanted].concat(), "{said}");
    assert!(
        said.contains("Digest: sha256:") && said.contains(&format!("Status: Downloaded newer image for {upper}")),
        "{said}"
    );
    assert!(docker.ok(&["pull", &upper]).unwrap().contains("Status: Image is up to date"));

    // The bytes, as the API tells them.
    knarr.ok(&["rmi", &upper, &lower]).unwrap();
    let answer = host.http().ask("POST", &format!("/images/create?fromImage={lower}")).unwrap();
    let size = registry.blobs("lower", "1").unwrap().into_values().max().unwrap();
    let told: Vec<serde_json::Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for status in ["Downloading", "Extracting"] {
        let last =
            told.iter().rfind(|line| line["status"].as_str().is_some_and(|text| text.starts_with(status))).unwrap();
        assert_eq!(last["progressDetail"], serde_json::json!({"current": size, "total": size}), "{last}");
    }
    host.finish().unwrap();
}
