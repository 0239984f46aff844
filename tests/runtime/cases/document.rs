//! The document as such: versions, annotations, unknown properties, invalid values.

use knarr_runtime_cases::{Runtime, cases};
use serde_json::{Value, json};

cases! {
    every_version_of_the_first_edition_is_taken: ["config/version"],
    unknown_properties_are_ignored: ["config/extensibility"],
    unknown_annotations_are_ignored: ["config/annotations"],
    other_platforms_sections_are_ignored: ["config/platform"],
    null_is_not_given: ["config/extensibility"],
    text_that_is_no_json_is_refused: ["config/valid-values"],
    values_of_wrong_types_are_refused: ["config/valid-values"],
    an_empty_document_is_refused: ["config/valid-values"],
    a_document_that_is_a_folder_is_refused: ["bundle/config"],
    a_large_document_works: ["config/annotations"],
    an_invalid_one_leaves_nothing: ["runtime/errors", "config/valid-values"],
    a_document_without_a_linux_section_is_refused: ["config/platform"] Ours("runc and crun would mount on the host"),
}

fn every_version_of_the_first_edition_is_taken(runtime: &Runtime) {
    for version in ["1.0.0", "1.0.2-dev", "1.1.0+dev", "1.2.0", "1.2.1"] {
        let mut bundle = runtime.shell("echo ran");
        bundle.set("/ociVersion", version);
        assert_eq!(bundle.output(), "ran\n", "{version}");
    }
}

fn unknown_properties_are_ignored(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    for place in ["/futureThing", "/process/futureThing", "/root/futureThing", "/linux/futureThing", "/linux/resources/futureThing"] {
        bundle.set(place, json!({ "deep": [1, 2, { "x": null }] }));
    }
    assert_eq!(bundle.output(), "ran\n");
}

fn unknown_annotations_are_ignored(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    bundle.set("/annotations", json!({ "com.example.key": "value", "org.opencontainers.unknown": "x", "a": "b\nc" }));
    assert_eq!(bundle.output(), "ran\n");
}

fn other_platforms_sections_are_ignored(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    bundle.set("/solaris", json!({ "milestone": "svc:/milestone/container:default" }));
    bundle.set("/windows", json!({ "layerFolders": ["C:\\x"] }));
    bundle.set("/vm", json!({ "kernel": { "path": "/x" } }));
    assert_eq!(bundle.output(), "ran\n");
}

fn null_is_not_given(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    for place in ["/annotations", "/hooks", "/process/rlimits", "/linux/sysctl", "/linux/seccomp", "/linux/maskedPaths", "/linux/devices"] {
        bundle.set(place, Value::Null);
    }
    assert_eq!(bundle.output(), "ran\n");
}

fn with_text(runtime: &Runtime, text: &str) {
    let bundle = runtime.program(&["/bin/true"]);
    bundle.write("config.json", text);
    bundle.finish(bundle.command_as_it_is(&["run", "--bundle", bundle.word(), bundle.id()])).refused();
    bundle.assert_nothing_left();
}

fn text_that_is_no_json_is_refused(runtime: &Runtime) {
    for text in ["", "{", "not json", "{\"ociVersion\": }", "[]", "\"text\""] {
        with_text(runtime, text);
    }
}

fn values_of_wrong_types_are_refused(runtime: &Runtime) {
    let wrong = [
        ("/process/args", json!("sh")),
        ("/process/env", json!({ "A": "b" })),
        ("/process/cwd", json!(1)),
        ("/process/terminal", json!("yes")),
        ("/root", json!("rootfs")),
        ("/root/readonly", json!("true")),
        ("/mounts", json!({})),
        ("/hostname", json!(["x"])),
        ("/linux/namespaces", json!(["pid"])),
        ("/linux/maskedPaths", json!("/proc/kcore")),
        ("/annotations", json!({ "a": 1 })),
    ];
    for (place, value) in wrong {
        let mut bundle = runtime.program(&["/bin/true"]);
        bundle.set(place, value);
        let outcome = bundle.run();
        assert!(!outcome.status.success(), "{place}");
        bundle.assert_nothing_left();
    }
}

fn an_empty_document_is_refused(runtime: &Runtime) {
    with_text(runtime, "{}");
}

fn a_document_that_is_a_folder_is_refused(runtime: &Runtime) {
    let bundle = runtime.program(&["/bin/true"]);
    let place = bundle.folder("strange");
    bundle.folder("strange/config.json");
    bundle.refused(&["run", "--bundle", &place, bundle.id()]);
    bundle.assert_nothing_left();
}

fn a_large_document_works(runtime: &Runtime) {
    let mut bundle = runtime.shell("echo ran");
    for number in 0..2000 {
        bundle.set(&format!("/annotations/key-{number}"), "x".repeat(500));
    }
    assert_eq!(bundle.output(), "ran\n");
}

fn an_invalid_one_leaves_nothing(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.set("/process/cwd", "relative");
    bundle.cannot_run();
    assert_eq!(std::fs::read_dir(bundle.records()).map_or(0, Iterator::count), 0);
}

fn a_document_without_a_linux_section_is_refused(runtime: &Runtime) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.remove("/linux");
    bundle.run().refused();
}
