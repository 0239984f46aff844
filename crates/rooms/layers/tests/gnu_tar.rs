//! Differential: a real tree, packed by GNU tar in its formats, gives the same tree whether GNU tar or we unpack it; and
//! what we pack, GNU tar unpacks to the same tree.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use knarr_layers::{Options, export, unpack};
use knarr_sys::path::Root;
use rustix::fs::{FileType, Mode, XattrFlags};
use support::{differences, tree};

/// One of each kind, with awkward attributes.
fn sample(top: &Path) {
    let put = |path: &str, data: &[u8], mode: u32| {
        fs::write(top.join(path), data).unwrap();
        fs::set_permissions(top.join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(top.join("usr/bin")).unwrap();
    fs::create_dir_all(top.join("d".repeat(150)).join("e".repeat(150))).unwrap();
    put("usr/bin/su", b"#!/bin/sh\n", 0o4755);
    put("usr/bin/wall", b"x", 0o2755);
    put(&format!("{}/{}/f", "d".repeat(150), "e".repeat(150)), b"deep", 0o600);
    put("Umläut ✓", b"utf-8", 0o644);
    put("empty", b"", 0o400);
    fs::hard_link(top.join("usr/bin/su"), top.join("hard")).unwrap();
    symlink("../no/where", top.join("dangling")).unwrap();
    symlink("x".repeat(300), top.join("long-link")).unwrap();
    fs::create_dir(top.join("tmp")).unwrap();
    fs::set_permissions(top.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    let folder = fs::File::open(top).unwrap();
    rustix::fs::mknodat(&folder, "fifo", FileType::Fifo, Mode::from_raw_mode(0o640), 0).unwrap();
    let device = rustix::fs::makedev(5, 2);
    rustix::fs::mknodat(&folder, "ptmx", FileType::CharacterDevice, Mode::from_raw_mode(0o666), device).unwrap();
    rustix::fs::mknodat(&folder, "disk", FileType::BlockDevice, Mode::from_raw_mode(0o660), device).unwrap();
    std::os::unix::fs::lchown(top.join("dangling"), Some(7), Some(8)).unwrap();
    std::os::unix::fs::chown(top.join("usr"), Some(3_000_000_000), Some(100)).unwrap();
    let sparse = fs::File::create(top.join("sparse")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"middle", 5 << 20).unwrap();
    sparse.set_len(9 << 20).unwrap();
    rustix::fs::setxattr(top.join("empty"), "user.note", b"a\0b\n", XattrFlags::empty()).unwrap();
    // cap_net_raw=ep, revision 2.
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    rustix::fs::setxattr(top.join("usr/bin/wall"), "security.capability", &capability, XattrFlags::empty()).unwrap();
}

fn tar(arguments: &[&str], folder: &Path, archive: &Path) {
    let status = Command::new("tar").args(arguments).arg("-f").arg(archive).arg("-C").arg(folder).arg(".").status();
    assert!(status.unwrap().success());
}

fn extract(folder: &Path, archive: &Path) {
    let arguments = ["-x", "-p", "--numeric-owner", "--xattrs", "--xattrs-include=*"];
    let status = Command::new("tar").args(arguments).arg("-f").arg(archive).arg("-C").arg(folder).status();
    assert!(status.unwrap().success());
}

fn ours(folder: &Path, archive: &Path) {
    let root = Root::open(folder).unwrap();
    // As a layer, so that the root's own attributes are taken too.
    unpack(&root, fs::File::open(archive).unwrap(), &Options::layer()).unwrap();
}

#[test]
fn archives_of_gnu_tar_unpack_alike() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs::create_dir(&source).unwrap();
    sample(&source);
    let variants: [&[&str]; 4] = [
        &["-c", "--format=gnu"],
        &["-c", "--format=gnu", "--sparse"],
        &["-c", "--format=posix", "--xattrs", "--xattrs-include=*"],
        &["-c", "--format=posix", "--sparse", "--xattrs", "--xattrs-include=*"],
    ];
    for (n, variant) in variants.iter().enumerate() {
        let (archive, theirs, own) =
            (dir.path().join(format!("{n}.tar")), dir.path().join(format!("t{n}")), dir.path().join(format!("o{n}")));
        tar(variant, &source, &archive);
        fs::create_dir(&theirs).unwrap();
        fs::create_dir(&own).unwrap();
        extract(&theirs, &archive);
        ours(&own, &archive);
        let found = differences(&tree(&theirs), &tree(&own));
        assert!(found.is_empty(), "{variant:?}: {found:#?}");
        if variant.contains(&"--xattrs") {
            let found = differences(&tree(&source), &tree(&own));
            assert!(found.is_empty(), "{variant:?} against the source: {found:#?}");
        }
    }
}

#[test]
fn a_sparse_file_stays_sparse() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (source, own, archive) = (dir.path().join("s"), dir.path().join("o"), dir.path().join("a.tar"));
    fs::create_dir(&source).unwrap();
    fs::create_dir(&own).unwrap();
    let file = fs::File::create(source.join("f")).unwrap();
    file.set_len(64 << 20).unwrap();
    for at in (0..60).map(|n: u64| n << 20) {
        std::os::unix::fs::FileExt::write_all_at(&file, b"x", at).unwrap();
    }
    for format in ["--format=gnu", "--format=posix", "--sparse-version=0.1"] {
        tar(&["-c", "--format=posix", format, "--sparse"], &source, &archive);
        ours(&own, &archive);
        assert_eq!(fs::read(source.join("f")).unwrap(), fs::read(own.join("f")).unwrap(), "{format}");
        assert!(own.join("f").metadata().unwrap().blocks() < 2000, "{format}");
    }
}

#[test]
fn gnu_tar_unpacks_what_we_pack() {
    let dir = tempfile::tempdir().unwrap();
    let (source, theirs, archive) = (dir.path().join("s"), dir.path().join("t"), dir.path().join("a.tar"));
    fs::create_dir(&source).unwrap();
    fs::create_dir(&theirs).unwrap();
    sample(&source);
    export(&Root::open(&source).unwrap(), fs::File::create(&archive).unwrap()).unwrap();
    extract(&theirs, &archive);
    let found = differences(&tree(&source), &tree(&theirs));
    assert!(found.is_empty(), "{found:#?}");
}
