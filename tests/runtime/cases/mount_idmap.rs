//! Idmapped mounts.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use knarr_runtime_cases::{Bundle, Runtime, cases};
use serde_json::{Value, json};

cases! {
    owners_are_mapped_by_the_mounts_own_maps: ["config/mount-idmap"] Ours("runc has it since 1.2, crun since 1.9"),
    idmap_is_one_mount_and_ridmap_all: ["config/mount-idmap"] Ours("runc has it since 1.2, crun since 1.9"),
    owners_are_mapped_as_the_container_maps_them: ["config/mount-idmap"] Ours("runc has it since 1.2, crun since 1.9"),
    maps_for_one_kind_only_are_refused: ["config/mount-idmap"] Ours("runc has it since 1.2, crun since 1.9"),
    idmap_without_maps_is_refused: ["config/mount-idmap"] Ours("runc has it since 1.2, crun since 1.9"),
    a_file_system_of_the_containers_own_is_refused: ["config/mount-idmap"] Ours("runc has it since 1.2, crun since 1.9"),
}

fn map(host: u32) -> Value {
    json!([{ "containerID": 0, "hostID": host, "size": 1000 }])
}

fn source(bundle: &Bundle<'_>) -> String {
    let source = bundle.folder("source");
    bundle.folder("source/below");
    let file = bundle.write("source/file", "");
    chown(file, Some(5), Some(6)).unwrap();
    source
}

fn mapped(source: &str, place: &str, options: &[&str]) -> Value {
    json!({ "destination": place, "type": "bind", "source": source, "options": options,
            "uidMappings": map(10_000), "gidMappings": map(20_000) })
}

fn owners_are_mapped_by_the_mounts_own_maps(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %u:%g /data/file");
    let source = source(&bundle);
    bundle.push("/mounts", mapped(&source, "/data", &["bind"]));
    assert_eq!(bundle.output(), "10005:20006\n");
}

fn idmap_is_one_mount_and_ridmap_all(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %u:%g /one/file /one/below/file /all/file /all/below/file");
    let source = source(&bundle);
    bundle.push("/mounts", mapped(&source, "/one", &["rbind", "idmap"]));
    bundle.push("/mounts", mapped(&source, "/all", &["rbind", "ridmap"]));
    let output = bundle.run_on_host("mount --bind $0/source $0/source/below; \"$@\"").ok();
    assert_eq!(output, "10005:20006\n5:6\n10005:20006\n10005:20006\n");
}

fn owners_are_mapped_as_the_container_maps_them(runtime: &Runtime) {
    let mut bundle = runtime.shell("stat -c %u:%g /data/own; touch /data/new");
    let source = bundle.folder("source");
    bundle.write("source/own", "");
    bundle.namespace("user", None);
    bundle.set("/linux/uidMappings", map(200_000));
    bundle.set("/linux/gidMappings", map(200_000));
    bundle.belongs_to(200_000);
    // Only root may pass: the source is opened before the container's user exists.
    fs::set_permissions(bundle.path(), Permissions::from_mode(0o700)).unwrap();
    bundle.mount("/data", "bind", &source, &["bind", "idmap"]);
    assert_eq!(bundle.output(), "0:0\n");
    assert_eq!(fs::metadata(bundle.file("source/new")).unwrap().uid(), 0);
}

fn refused(runtime: &Runtime, mount: Value) {
    let mut bundle = runtime.program(&["/bin/true"]);
    bundle.push("/mounts", mount);
    bundle.cannot_run();
}

fn maps_for_one_kind_only_are_refused(runtime: &Runtime) {
    refused(runtime, json!({ "destination": "/data", "type": "bind", "source": "/tmp", "options": ["bind"], "uidMappings": map(1) }));
}

fn idmap_without_maps_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "destination": "/data", "type": "bind", "source": "/tmp", "options": ["bind", "idmap"] }));
}

fn a_file_system_of_the_containers_own_is_refused(runtime: &Runtime) {
    refused(runtime, json!({ "destination": "/data", "type": "tmpfs", "source": "tmpfs", "uidMappings": map(1), "gidMappings": map(1) }));
}
