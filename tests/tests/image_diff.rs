//! How two images differ, what one wastes, and why a layer stays.

use std::fs;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};
use serde_json::Value;

const STATUS: &str = "Package: tool\nStatus: install ok installed\nVersion: 1.0\n\nPackage: old\nStatus: install ok installed\nVersion: 3\n";

/// base:1, and on it one:1 and two:1, whose files, packages and settings differ.
fn pair() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "base:1").unwrap();
    build(
        &host,
        "one:1",
        "FROM base:1\nENV A=1\nLABEL who=me\nCOPY status /var/lib/dpkg/status\nRUN echo same > /same; echo 1234567890 > /changed; echo x > /gone; ln -s a /link\n",
    );
    build(
        &host,
        "two:1",
        "FROM base:1\nENV A=2\nCOPY status /var/lib/dpkg/status\nRUN echo same > /same; echo 0987654321 > /changed; chmod 600 /changed; ln -s b /link; sed -i -e s/1.0/1.1/ -e s/old/new/ /var/lib/dpkg/status\n",
    );
    (host, knarr)
}

fn build(host: &Host, name: &str, dockerfile: &str) {
    let context = host.path().join(name.replace(':', "-"));
    fs::create_dir_all(&context).unwrap();
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    fs::write(context.join("status"), STATUS).unwrap();
    fs::write(context.join("large"), [7; 5000]).unwrap();
    host.knarr().ok(&["build", "-q", "-t", name, &context.to_string_lossy()]).unwrap();
}

#[test]
fn two_images_differ_in_files_packages_and_settings() {
    let (host, knarr) = pair();
    let text = knarr.ok(&["image", "diff", "one:1", "two:1"]).unwrap();
    let expected = [
        "Layers: 1 shared, 2 gone, 2 new",
        "Configuration:",
        "  C Env A: 1 to 2",
        "  D Labels who: me",
        "Packages:",
        "  A new 3",
        "  D old 3",
        "  C tool 1.0 to 1.1",
        "Files:",
        "  C /changed 11B (content, mode)",
        "  D /gone 2B",
        "  C /link 0B (content)",
        "  C /var/lib/dpkg/status 110B (content)",
    ];
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(&lines[1..], expected, "{text}");
    let json: Value =
        serde_json::from_str(&knarr.ok(&["image", "diff", "--format", "json", "one:1", "two:1"]).unwrap()).unwrap();
    assert_eq!(json["Files"][1]["Kind"], "removed");
    // The second carries the list of packages twice.
    assert_eq!(json["To"]["Size"].as_i64().unwrap() - json["From"]["Size"].as_i64().unwrap(), 110 - 2);
    let same = knarr.ok(&["image", "diff", "one:1", "one:1"]).unwrap();
    assert_eq!(same.lines().count(), 2, "{same}");
    let refused = knarr.fails(&["image", "diff", "one:1", "nothing:1"]).unwrap();
    assert!(refused.stderr.contains("No such image: nothing:1"), "{}", refused.stderr);
    host.finish().unwrap();
}

#[test]
fn bytes_that_nobody_sees_are_found() {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "base:1").unwrap();
    build(
        &host,
        "waste:1",
        "FROM base:1\nCOPY large /a/large\nCOPY large /b\nRUN rm -r /a; echo new > /b; echo kept > /c\n",
    );
    let said = knarr.ok(&["image", "waste", "waste:1"]).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("10kB of 1.99MB are wasted"), "{said}");
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines.iter().any(|line| line.starts_with("5kB") && line.ends_with("deleted      /a/large")), "{said}");
    assert!(lines.iter().any(|line| line.starts_with("5kB") && line.ends_with("overwritten  /b")), "{said}");
    let none: Value =
        serde_json::from_str(&knarr.ok(&["image", "waste", "--format", "json", "base:1"]).unwrap()).unwrap();
    assert_eq!((none["Wasted"].as_i64(), none["Files"].as_array().unwrap().len()), (Some(0), 0));
    host.finish().unwrap();
}

#[test]
fn each_layer_says_who_keeps_it() {
    let (host, knarr) = pair();
    knarr.ok(&["create", "--name", "user", "one:1", "true"]).unwrap();
    let tree: Value = serde_json::from_str(&knarr.ok(&["tree", "--format", "json"]).unwrap()).unwrap();
    let base = tree["Nodes"][0]["Id"].as_str().unwrap();
    let said = knarr.ok(&["why-kept", &base["sha256:".len()..][..12]]).unwrap();
    for reason in ["image base:1", "image one:1", "image two:1", "container user"] {
        assert!(said.contains(reason), "{said}");
    }
    let layers = tree["Nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["Affects"]["Containers"] == 1 && node["Parent"] != "");
    let diff_id = layers.unwrap()["Layers"][0]["DiffId"].as_str().unwrap().to_owned();
    let kept: Value = serde_json::from_str(&knarr.ok(&["why-kept", "--format", "json", &diff_id]).unwrap()).unwrap();
    let kinds: Vec<_> =
        kept[0]["Reasons"].as_array().unwrap().iter().map(|reason| reason["Kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"image") && kinds.contains(&"container"), "{kept}");
    let refused = knarr.fails(&["why-kept", "ffffffffffff"]).unwrap();
    assert!(refused.stderr.contains("No such layer or blob: ffffffffffff"), "{}", refused.stderr);
    host.finish().unwrap();
}
