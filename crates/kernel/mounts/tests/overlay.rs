//! Snapshots through the real kernel.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use knarr_model::Snapshot;
use knarr_mounts::{Root, mountinfo, overlay};
use rustix::fs::{Mode, OFlags, ResolveFlags};

fn read(mount: OwnedFd, path: &str) -> String {
    let file = Root::new(mount).open_as(Path::new(path), OFlags::RDONLY, ResolveFlags::empty()).unwrap();
    std::io::read_to_string(fs::File::from(file)).unwrap()
}

fn layers(folder: &Path, count: usize) -> Vec<std::path::PathBuf> {
    let make = |number: usize| {
        let layer = folder.join(number.to_string());
        fs::create_dir(&layer).unwrap();
        fs::write(layer.join("top"), number.to_string()).unwrap();
        fs::write(layer.join(format!("only-{number}")), "here").unwrap();
        layer
    };
    (0..count).map(make).collect()
}

#[test]
fn a_writable_snapshot_keeps_its_layers_and_leaves_no_mount() {
    let folder = tempfile::tempdir().unwrap();
    let lowers = layers(folder.path(), 3);
    let (upper, work) = (folder.path().join("upper"), folder.path().join("work"));
    fs::create_dir(&upper).unwrap();
    fs::create_dir(&work).unwrap();
    let mount = overlay(&Snapshot { lowers: lowers.clone(), upper: Some((upper.clone(), work)) }).unwrap();
    let file = rustix::fs::openat(&mount, "new", OFlags::CREATE | OFlags::WRONLY, Mode::from_raw_mode(0o600)).unwrap();
    rustix::io::write(&file, b"x").unwrap();
    assert_eq!(fs::read(upper.join("new")).unwrap(), b"x");
    assert!(!lowers[0].join("new").exists());
    assert_eq!(read(mount, "/top"), "0");
    let prefix = folder.path().to_path_buf();
    assert!(!mountinfo::read("self").unwrap().iter().any(|entry| entry.mount_point.starts_with(&prefix)));
}

#[test]
fn two_hundred_layers_are_one_tree() {
    let folder = tempfile::tempdir().unwrap();
    let lowers = layers(folder.path(), 200);
    let mount = overlay(&Snapshot { lowers, upper: None }).unwrap();
    assert_eq!(read(mount, "/only-199"), "here");
}

#[test]
fn one_layer_is_seen_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let lowers = layers(folder.path(), 1);
    let mount = overlay(&Snapshot { lowers, upper: None }).unwrap();
    let refused = rustix::fs::openat(&mount, "new", OFlags::CREATE | OFlags::WRONLY, Mode::from_raw_mode(0o600));
    assert_eq!(refused.unwrap_err(), rustix::io::Errno::ROFS);
}

#[test]
fn a_missing_layer_is_named() {
    let snapshot = Snapshot { lowers: vec!["/usr".into(), "/no/such/layer".into()], upper: None };
    let fault = knarr_model::Fault::from(overlay(&snapshot).unwrap_err());
    assert!(fault.full().contains("/no/such/layer"), "{}", fault.full());
    assert_eq!(fault.kind(), knarr_model::Kind::NotFound);
}
