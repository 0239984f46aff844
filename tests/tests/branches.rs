//! Branches of the image tree as units: pulled up to a node, and gone on from there.

use std::fs;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Host, Registry};
use serde_json::Value;

/// Pushes an image of three layers, `NAME:1`, to a registry; its layers' digests, the lowest first.
fn push_three_layers(host: &Host, registry: &Registry, name: &str) -> Vec<String> {
    let knarr = host.knarr();
    import_busybox(&knarr, "base:1").unwrap();
    let context = host.path().join("context");
    fs::create_dir_all(&context).unwrap();
    fs::write(context.join("Dockerfile"), "FROM base:1\nRUN echo two > /two\nENV A=b\nRUN echo three > /three\n")
        .unwrap();
    let image = registry.image(name);
    knarr.ok(&["build", "-q", "-t", &image, &context.to_string_lossy()]).unwrap();
    knarr.ok(&["push", &image]).unwrap();
    let (_, manifest) = registry.get(&format!("/v2/{}/manifests/1", name.trim_end_matches(":1"))).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

fn tree(host: &Host) -> Value {
    serde_json::from_str(&host.knarr().ok(&["tree", "--format", "json"]).unwrap()).unwrap()
}

#[test]
fn a_branch_is_pulled_to_a_node_and_later_completed() {
    let registry = Registry::start().unwrap();
    let (maker, taker) = (Host::start().unwrap(), Host::start().unwrap());
    let layers = push_three_layers(&maker, &registry, "three:1");
    let (image, knarr) = (registry.image("three:1"), taker.knarr());
    let said = knarr.ok(&["pull", "--up-to", "2", &image]).unwrap();
    assert!(said.contains("are image ") && !said.contains(&layers[2]["sha256:".len()..][..12]), "{said}");
    let branch = tree(&taker);
    let stack = branch["Nodes"][0]["Layers"].as_array().unwrap();
    assert_eq!((branch["Nodes"].as_array().unwrap().len(), stack.len()), (1, 2));
    assert_eq!(branch["Images"][0]["RepoTags"], Value::Array(vec![]));
    let id = branch["Images"][0]["Id"].as_str().unwrap();
    assert_eq!(knarr.ok(&["run", "--rm", id, "/bin/cat", "/two"]).unwrap(), "two");
    knarr.fails(&["run", "--rm", id, "/bin/cat", "/three"]).unwrap();
    // The same node by other names.
    let chain = stack[1]["ChainId"].as_str().unwrap();
    for node in [&layers[1][..20], chain, &stack[1]["DiffId"].as_str().unwrap()["sha256:".len()..][..12]] {
        knarr.ok(&["pull", "--up-to", node, &image]).unwrap();
        assert_eq!(tree(&taker), branch, "--up-to {node}");
    }
    // What is here is not fetched again: it could not be.
    layers[..2].iter().for_each(|layer| registry.take_away(layer).unwrap());
    let said = knarr.ok(&["pull", &image]).unwrap();
    assert_eq!(said.matches("Already exists").count(), 2, "{said}");
    assert_eq!(knarr.ok(&["run", "--rm", &image, "cat", "/three"]).unwrap(), "three");
    let whole = tree(&taker);
    assert_eq!(whole["Nodes"][1]["Parent"], chain, "the image stands on the branch");
    for (node, reason) in [("4", "it has 3 layers"), ("0", "it has 3 layers"), ("abcdef012345", "none of its layers")] {
        let refused = knarr.fails(&["pull", "--up-to", node, &image]).unwrap();
        assert!(refused.stderr.contains(reason), "{node}: {}", refused.stderr);
    }
    taker.finish().unwrap();
    maker.finish().unwrap();
}
