//! Hostile archives (flaw rows 56 to 60): each is refused or made harmless, nothing outside the root changes, no descriptor
//! stays open. The corpus is a crate of its own, `tests/archives`: a case is a line there.

mod bombs;
mod memory;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use knarr_hostile_archives::{Case, Outcome, corpus, listing};
use knarr_layers::{Error, Options, Unpacked, decompress, unpack};
use knarr_sys::path::Root;
use support::{archive, file, folder, hard_link, tree};

/// Descriptors and memory are counted, so the tests of this file run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder in memory: a disk would be busy for a minute with what these tests make and remove.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A canary tree, and its listing.
fn outside(dir: &Path) -> (PathBuf, BTreeMap<PathBuf, String>) {
    let outside = dir.join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "sings").unwrap();
    let listing = tree(&outside);
    (outside, listing)
}

fn open(data: &[u8], top: &Path, options: &Options<'_>) -> Result<Unpacked, Error> {
    unpack(&Root::open(top).unwrap(), decompress(data)?, options)
}

/// Rows 56 to 59. Seen to fail without each of these guards: the refusal of `..` in names, parents opened inside the root
/// (`RESOLVE_IN_ROOT`), hard links that stay inside, the old one removed before a new one is made, the refusal of devices 0:0, of whiteouts
/// of nothing, of wrong checksums, of extended headers over the limit, of two sizes, of content where there is none, of global records.
#[test]
fn no_archive_of_the_corpus_leaves_its_root() {
    let _alone = alone();
    let dir = in_memory();
    let (outside, before) = outside(dir.path());
    let files = open_files();
    let mut wrong = Vec::new();
    for Case { name, data, layer, live } in corpus(&outside) {
        let marks = data.windows(4).any(|four| four == b".wh.");
        for (options, expected) in [(Options::layer(), layer), (Options::live(), live)] {
            let top = dir.path().join("top");
            fs::create_dir(&top).unwrap();
            let (done, rise) = memory::rise(|| open(&data, &top, &options));
            assert!(rise < memory::MEMORY, "{name}: {rise} bytes of memory");
            wrong.extend(differs(&top, done, &expected, marks).map(|what| format!("{name}: {what}")));
            assert_eq!(tree(&outside), before, "{name}: the canary changed");
            fs::remove_dir_all(&top).unwrap();
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{name}: something was put beside the root");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(open_files(), files, "descriptors stay open");
}

/// What is wrong with what became of an archive.
fn differs(top: &Path, done: Result<Unpacked, Error>, expected: &Outcome, marks: bool) -> Option<String> {
    let steered = steered(top, marks);
    match (done, expected) {
        (Err(error), Outcome::Refused(text)) => {
            let said =
                format!("{error}: {}", std::error::Error::source(&error).map_or(String::new(), ToString::to_string));
            (!said.contains(text)).then_some(said)
        }
        (Ok(_), Outcome::Refused(_)) => Some(format!("it was unpacked: {:?}", listing(top))),
        (Err(error), Outcome::Makes(_)) => Some(format!("{error:?}")),
        (Ok(_), Outcome::Makes(lines)) if *lines != listing(top) => Some(format!("made {:?}", listing(top))),
        (Ok(_), Outcome::Makes(_)) => steered,
        (_, Outcome::Contained) => steered,
    }
}

/// An attribute of overlayfs's anywhere in a tree. A folder may be marked opaque where the archive has `marks`.
fn steered(top: &Path, marks: bool) -> Option<String> {
    let own = |name: &str| name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
    let mark = |name: &str| marks && name == "trusted.overlay.opaque" && top.is_dir();
    let mut names = vec![0; 65536];
    let length = rustix::fs::llistxattr(top, &mut names[..]).unwrap();
    let found = String::from_utf8_lossy(&names[..length]).into_owned();
    let bad = found.split('\0').find(|name| own(name) && !mark(name));
    let below = || match top.is_symlink() || !top.is_dir() {
        true => None,
        false => fs::read_dir(top).unwrap().find_map(|entry| steered(&entry.unwrap().path(), marks)),
    };
    bad.map(|name| format!("{} has {name}", top.display())).or_else(below)
}

/// Onto a live folder whiteouts are files, and kinds can be kept.
#[test]
fn a_live_folder_has_its_own_rules() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path()).unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("f"), "").unwrap();
    let options = Options { keep_kinds: true, owner: Some((5, 6)), ..Options::live() };
    let refused = unpack(&root, &archive(&[(file("d"), b"")])[..], &options).unwrap_err();
    assert_eq!(refused.to_string(), "cannot overwrite directory d with non-directory");
    let refused = unpack(&root, &archive(&[(folder("f"), b"")])[..], &options).unwrap_err();
    assert_eq!(refused.to_string(), "cannot overwrite non-directory f with directory");
    unpack(&root, &archive(&[(file("new/.wh.x"), b"data")])[..], &options).unwrap();
    // Put into a folder, a symlink there still means what it means in the whole root.
    std::os::unix::fs::symlink("/new", dir.path().join("d/l")).unwrap();
    let into = Options { at: Path::new("d"), ..Options::live() };
    unpack(&root, &archive(&[(file("l/y"), b""), (file("z"), b""), (hard_link("h", "z"), b"")])[..], &into).unwrap();
    assert!(dir.path().join("new/y").exists() && dir.path().join("d/z").exists() && dir.path().join("d/h").exists());
    use std::os::unix::fs::MetadataExt as _;
    for path in ["new", "new/.wh.x"] {
        let meta = dir.path().join(path).metadata().unwrap();
        assert_eq!((meta.uid(), meta.gid()), (5, 6), "{path}");
    }
}
