//! The image tree: what stands on what, how that is known, and what a node affects.

use std::fs;

use knarr_e2e::forest::{forest, stack};
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host};
use serde_json::Value;

fn tree(client: &Client, flags: &[&str]) -> Value {
    let text = client.ok(&[&["tree", "--format", "json"], flags].concat()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// An image by its tag.
fn image<'t>(tree: &'t Value, tag: &str) -> &'t Value {
    let images = tree["Images"].as_array().unwrap();
    images.iter().find(|image| image["RepoTags"][0] == tag).unwrap_or_else(|| panic!("{tag} is not in {tree}"))
}

fn tags(tree: &Value) -> Vec<&str> {
    let images = tree["Images"].as_array().unwrap();
    let mut tags: Vec<_> = images.iter().map(|image| image["RepoTags"][0].as_str().unwrap_or("<none>")).collect();
    tags.sort_unstable();
    tags
}

fn build(host: &Host, name: &str, dockerfile: &str) {
    let context = host.path().join(name.replace(':', "-"));
    fs::create_dir_all(&context).unwrap();
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    fs::write(context.join("file"), name).unwrap();
    host.knarr().ok(&["build", "-q", "-t", name, &context.to_string_lossy()]).unwrap();
}

/// base:1 ─ web:1 (two layers) ─ web:2 (a setting); base:1 ─ job:1, committed.
fn family() -> (Host, Client) {
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    import_busybox(&knarr, "base:1").unwrap();
    build(&host, "web:1", "FROM base:1\nCOPY file /one\nRUN echo two > /two\n");
    build(&host, "web:2", "FROM web:1\nENV A=b\nCMD [\"sleep\", \"1000\"]\n");
    knarr.ok(&["run", "--name", "worked", "base:1", "sh", "-c", "echo done > /done"]).unwrap();
    knarr.ok(&["commit", "worked", "job:1"]).unwrap();
    knarr.ok(&["run", "-d", "--name", "server", "web:2"]).unwrap();
    (host, knarr)
}

/// Of each line the columns that do not hang on ids and on busybox's size.
fn lines(text: &str) -> Vec<String> {
    let head = text.lines().next().unwrap();
    let column = |line: &str, name: &str, next: &str| {
        let (start, end) = (head.find(name).unwrap(), head.find(next).unwrap());
        line.chars().skip(start).take(end - start).collect::<String>().trim_end().to_owned()
    };
    let columns = [("IMAGE", "NODE"), ("LAYERS", "ADDS"), ("OWN", "FROM"), ("FROM", "CONTAINERS")];
    let line = |line: &str| {
        let cells = columns.map(|(name, next)| column(line, name, next));
        let containers = line.chars().skip(head.find("CONTAINERS").unwrap()).collect::<String>();
        format!("{} | {containers}", cells.join(" | "))
    };
    text.lines().skip(1).map(line).collect()
}

#[test]
fn a_family_is_drawn_with_what_hangs_on_it() {
    let (host, knarr) = family();
    let drawn = knarr.ok(&["tree"]).unwrap();
    let expected = [
        "base:1 | 1 | 0B | unknown | ○ worked",
        "├─ job:1 | 1 | 5B | built: base:1 | ",
        "└─ web:1 | 2 | 0B | built: base:1 | ",
        "   └─ web:2 | 0 | 0B | built: web:1 | ● server",
    ];
    assert_eq!(lines(&drawn), expected, "{drawn}");
    assert!(!drawn.contains('\u{1b}'), "colours where nobody sees them");
    assert_eq!(knarr.ok(&["image", "ls", "--tree"]).unwrap(), drawn);
    assert_eq!(knarr.ok(&["images", "--tree"]).unwrap(), drawn);
    let steps = tree(&knarr, &["--all"]);
    assert!(tags(&steps).contains(&"<none>"), "{steps}");
    let dot = knarr.ok(&["tree", "--format", "dot"]).unwrap();
    assert!(
        dot.starts_with("digraph") && dot.contains("[label=\"built\"]") && dot.contains("label=\"server\""),
        "{dot}"
    );
    let mermaid = knarr.ok(&["tree", "--format", "mermaid"]).unwrap();
    assert!(mermaid.starts_with("graph LR") && mermaid.contains("-->|built|"), "{mermaid}");
    host.finish().unwrap();
}

#[test]
fn a_node_tells_what_it_affects_and_an_image_what_it_stands_on() {
    let (host, knarr) = family();
    let whole = tree(&knarr, &[]);
    let web = image(&whole, "web:1")["Node"].as_str().unwrap().to_owned();
    let digits = &web["sha256:".len()..][..12];
    for node in ["web:1", digits, &web, image(&whole, "web:2")["Id"].as_str().unwrap()] {
        let part = tree(&knarr, &["--children", node]);
        assert_eq!(tags(&part), ["web:1", "web:2"], "--children {node}");
        assert_eq!(part["Containers"][0]["Name"], "server");
        assert_eq!(part["Containers"].as_array().unwrap().len(), 1);
    }
    let said = knarr.ok(&["tree", "--children", "base:1"]).unwrap();
    assert!(said.ends_with("base:1: 4 images and 2 containers have these layers, 1 running"), "{said}");
    assert_eq!(tags(&tree(&knarr, &["--parents", "web:2"])), ["base:1", "web:1", "web:2"]);
    assert_eq!(tags(&tree(&knarr, &["--parents", "web:1"])), ["base:1", "web:1"]);
    let refused = knarr.fails(&["tree", "--children", "nothing:1"]).unwrap();
    assert!(refused.stderr.contains("No such image: nothing:1"), "{}", refused.stderr);
    assert_eq!(host.http().ask("GET", "/v1.50/knarr/tree?children=a&parents=b").unwrap().status, 400);
    host.finish().unwrap();
}

#[test]
fn where_nothing_is_known_nothing_is_guessed() {
    let (host, knarr) = family();
    // Elsewhere nobody has seen the builds: what is left are the layers.
    let archive = host.path().join("saved.tar").to_string_lossy().into_owned();
    knarr.ok(&["save", "-o", &archive, "base:1", "web:1", "job:1"]).unwrap();
    let other = Host::start().unwrap();
    other.knarr().ok(&["load", "-i", &archive]).unwrap();
    let drawn = other.knarr().ok(&["tree"]).unwrap();
    assert!(drawn.lines().any(|line| line.starts_with("└─ web:1") && line.ends_with("shared layers")), "{drawn}");
    other.knarr().ok(&["rmi", "base:1"]).unwrap();
    let drawn = other.knarr().ok(&["tree"]).unwrap();
    let bare = drawn.lines().nth(1).unwrap();
    assert!(bare.starts_with("(layers)") && !bare.contains("unknown"), "{drawn}");
    // A container keeps its layers, and its place, when its image is gone.
    other.knarr().ok(&["create", "--name", "kept", "job:1", "true"]).unwrap();
    other.knarr().ok(&["rmi", "-f", "job:1"]).unwrap();
    let drawn = other.knarr().ok(&["tree"]).unwrap();
    assert!(drawn.lines().any(|line| line.contains("─ (layers)") && line.ends_with("○ kept")), "{drawn}");
    other.finish().unwrap();
    host.finish().unwrap();
}

#[test]
fn a_thousand_images_stand_on_their_layers() {
    const LAYERS: usize = 40;
    let host = Host::start().unwrap();
    let knarr = host.knarr();
    let archive = host.path().join("forest.tar");
    forest(&archive, LAYERS, 1000).unwrap();
    knarr.ok(&["load", "-q", "-i", &archive.to_string_lossy()]).unwrap();
    let drawn = tree(&knarr, &[]);
    assert_eq!(tags(&drawn).len(), 1000);
    let nodes = drawn["Nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), LAYERS, "a node for each stack that images have");
    for number in [0, 7, 39, 40, 999] {
        let found = image(&drawn, &format!("tree:{number}"));
        let depth = stack(number % LAYERS).len();
        assert_eq!((found["Size"].as_u64(), found["OwnSize"].as_u64()), (Some(100 * depth as u64), Some(0)));
        let path = tree(&knarr, &["--parents", &format!("tree:{number}")]);
        assert_eq!(path["Nodes"].as_array().unwrap().len(), depth);
    }
    let affects = &nodes.iter().find(|node| node["Parent"] == "").unwrap()["Affects"];
    assert_eq!(affects["Images"], 1000);
    assert_eq!(knarr.ok(&["tree"]).unwrap().lines().count(), 1 + 1000 + LAYERS);
    host.finish().unwrap();
}
