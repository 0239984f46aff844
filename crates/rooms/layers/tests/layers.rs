//! Layers from archives, stacked by the real overlayfs, changed, committed and packed again.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use knarr_layers::{ChangeKind, Error, Kind, Layer, Layers, Member, changes};
use knarr_model::{Digest, Snapshot};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use support::{archive, differences, file, folder, hard_link, symlink, tree};

struct Place {
    dir: tempfile::TempDir,
    layers: Layers,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let layers = Layers::open(&dir.path().join("layers")).unwrap();
    Place { dir, layers }
}

/// An overlay mount that is undone on every way out.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(snapshot: &Snapshot, at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        let lowers: Vec<_> = snapshot.lowers.iter().map(|path| path.to_str().unwrap()).collect();
        let mut options = format!("index=off,metacopy=off,redirect_dir=off,xino=off,lowerdir={}", lowers.join(":"));
        if let Some((upper, work)) = &snapshot.upper {
            options += &format!(",upperdir={},workdir={}", upper.display(), work.display());
        }
        let options = std::ffi::CString::new(options).unwrap();
        mount("overlay", at, "overlay", MountFlags::empty(), Some(options.as_c_str())).unwrap();
        Self(at.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        unmount(&self.0, UnmountFlags::DETACH).unwrap();
    }
}

fn names(at: &Path) -> Vec<String> {
    tree(at).into_keys().map(|path| path.to_str().unwrap().to_owned()).filter(|path| !path.is_empty()).collect()
}

#[test]
fn whiteouts_and_opaque_folders_hide_what_is_below() {
    let Place { dir, layers } = place();
    let base = archive(&[
        (folder("a"), b""),
        (file("a/1"), b"1"),
        (file("a/2"), b"2"),
        (folder("b"), b""),
        (file("b/1"), b"1"),
        (folder("c"), b""),
        (file("c/1"), b"1"),
        (file("gone"), b""),
        (file("d"), b"was a file"),
    ]);
    let top = archive(&[
        (file("a/.wh.1"), b""),
        (file(".wh.gone"), b""),
        // The folder's own file stands before its mark, and stays.
        (folder("b"), b""),
        (file("b/new"), b"n"),
        (file("b/.wh..wh..opq"), b""),
        (file("b/.wh..wh..opq"), b""),
        // A whiteout and then a folder of that name: nothing of the lower folder shines through.
        (file(".wh.c"), b""),
        (folder("c"), b""),
        (file("c/2"), b"2"),
        // The other way round, over a file.
        (folder("d"), b""),
        (file(".wh.d"), b""),
        (file("d/x"), b""),
    ]);
    let base = layers.apply(&base[..], None, None).unwrap();
    let top = layers.apply(&top[..], Some(&base.chain_id), None).unwrap();
    let at = dir.path().join("view");
    let mounted = Mounted::new(&layers.view(Some(&top.chain_id)).unwrap(), &at);
    assert_eq!(names(&at), ["a", "a/2", "b", "b/new", "c", "c/2", "d", "d/x"]);
    drop(mounted);
}

#[test]
fn an_opaque_root_hides_all_layers_below() {
    let Place { dir: _dir, layers } = place();
    let base = layers.apply(&archive(&[(file("old"), b"")])[..], None, None).unwrap();
    let top = archive(&[(file(".wh..wh..opq"), b""), (file("new"), b"")]);
    let top = layers.apply(&top[..], Some(&base.chain_id), None).unwrap();
    assert!(top.opaque);
    assert_eq!(layers.view(Some(&top.chain_id)).unwrap().lowers, [layers.files(&top.chain_id)]);
}

#[test]
fn parents_that_a_layer_leaves_out_look_as_they_do_below() {
    let Place { dir: _dir, layers } = place();
    let mut tmp = folder("tmp");
    (tmp.mode, tmp.gid, tmp.modified.seconds) = (0o1777, 9, 1000);
    let mut top = folder("./");
    top.mode = 0o711;
    let base = layers.apply(&archive(&[(top, b""), (tmp, b"")])[..], None, None).unwrap();
    let top = layers.apply(&archive(&[(file("tmp/x"), b"")])[..], Some(&base.chain_id), None).unwrap();
    let (below, above) = (tree(&layers.files(&base.chain_id)), tree(&layers.files(&top.chain_id)));
    assert_eq!(below[Path::new("tmp")], above[Path::new("tmp")]);
    assert!(above[Path::new("")].starts_with("40000 711 "), "{}", above[Path::new("")]);
}

#[test]
fn compressed_layers_have_the_diff_id_of_their_plain_bytes() {
    let Place { dir: _dir, layers } = place();
    let plain = archive(&[(file("f"), b"content")]);
    let diff_id = Digest::of(&plain);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let zstd = zstd::encode_all(&plain[..], 1).unwrap();
    for data in [plain.clone(), gzip.finish().unwrap(), zstd] {
        let layer = layers.apply(&data[..], None, Some(&diff_id)).unwrap();
        assert_eq!((&layer.diff_id, &layer.chain_id, layer.size), (&diff_id, &diff_id, 7));
        assert!(layers.remove(&layer.chain_id).unwrap());
    }
}

#[test]
fn a_wrong_diff_id_leaves_nothing() {
    let Place { dir, layers } = place();
    let data = archive(&[(file("f"), b"content")]);
    let wrong = Digest::of(b"wrong");
    assert!(matches!(layers.apply(&data[..], None, Some(&wrong)), Err(Error::DiffId { .. })));
    assert!(layers.apply(&data[..515], None, None).is_err(), "cut in the content");
    assert!(layers.apply(&data[..], Some(&wrong), None).is_err(), "the parent is not here");
    assert_eq!(fs::read_dir(dir.path().join("layers")).unwrap().count(), 0);
}

#[test]
fn bytes_behind_the_archive_count_for_the_diff_id() {
    let Place { dir: _dir, layers } = place();
    let mut data = archive(&[(file("f"), b"content")]);
    data.extend_from_slice(&[0; 10240]);
    assert_eq!(layers.apply(&data[..], None, None).unwrap().diff_id, Digest::of(&data));
}

#[test]
fn what_a_crash_left_is_removed_at_the_next_start() {
    let Place { dir, layers } = place();
    let root = dir.path().join("layers");
    fs::create_dir_all(root.join(".unfinished-1-1/fs/a")).unwrap();
    let kept = layers.apply(&archive(&[])[..], None, None).unwrap();
    let layers = Layers::open(&root).unwrap();
    assert!(!root.join(".unfinished-1-1").exists());
    assert_eq!(layers.list(), [kept]);
}

#[test]
fn a_folder_that_is_no_whole_layer_any_more_is_moved_aside_and_named() {
    let Place { dir, layers } = place();
    let root = dir.path().join("layers");
    let apply = |name: &str| layers.apply(&archive(&[(file(name), b"1")])[..], None, None).unwrap();
    let (kept, cut, bare, lost, swapped) = (apply("a"), apply("b"), apply("c"), apply("d"), apply("e"));
    let folder = |layer: &Layer| root.join(layer.chain_id.hex());
    fs::write(folder(&cut).join("meta.json"), b"{").unwrap();
    fs::remove_file(folder(&bare).join("meta.json")).unwrap();
    fs::remove_dir_all(folder(&lost).join("fs")).unwrap();
    fs::copy(folder(&kept).join("meta.json"), folder(&swapped).join("meta.json")).unwrap();
    let layers = Layers::open(&root).unwrap();
    assert_eq!(layers.list(), [kept]);
    let damaged: BTreeMap<_, _> = layers.damaged().iter().map(|one| (&one.chain, one)).collect();
    for layer in [cut, bare, lost, swapped] {
        assert!(!folder(&layer).exists() && damaged[&layer.chain_id].moved_to.exists(), "{}", layer.chain_id);
        assert!(layers.get(&layer.chain_id).is_none());
    }
    assert_eq!(Layers::open(&root).unwrap().damaged(), [], "said once");
}

#[test]
fn collection_keeps_what_is_below_what_is_kept() {
    let Place { dir: _dir, layers } = place();
    let apply = |name: &str, parent: Option<&Digest>| {
        layers.apply(&archive(&[(file(name), b"12345")])[..], parent, None).unwrap().chain_id
    };
    let base = apply("base", None);
    let kept = apply("kept", Some(&base));
    let other = apply("other", Some(&base));
    let keep = |kept: &Digest| Ok::<_, Error>(HashSet::from([kept.clone()]));
    let lease = layers.lease();
    let fresh = apply("fresh", Some(&other));
    let all = || layers.list().into_iter().map(|layer| layer.chain_id).collect();
    assert_eq!(layers.collect(&all(), || keep(&kept)).unwrap(), [], "what is leased stays, and what is below it");
    drop(lease);
    assert_eq!(layers.collect(&[base].into(), || keep(&kept)).unwrap(), [], "what is below what is kept stays");
    let gone: Vec<_> =
        layers.collect(&all(), || keep(&kept)).unwrap().into_iter().map(|layer| layer.chain_id).collect();
    assert_eq!(gone, [fresh, other.clone()]);
    assert!(layers.get(&other).is_none());
    assert_eq!(layers.size(Some(&kept)).unwrap(), 10);
}

/// Changes made through a real overlay mount, on an image with a layer, and on one without.
#[test]
fn a_container_is_committed_and_packed_again() {
    let Place { dir, layers } = place();
    let image = archive(&[
        (folder("etc"), b""),
        (file("etc/motd"), b"hello"),
        (folder("var"), b""),
        (file("var/a"), b""),
        (folder("var/log"), b""),
        (file("var/log/x"), b"x"),
        (file("keep"), b"k"),
        (hard_link("also", "keep"), b""),
    ]);
    let base = layers.apply(&image[..], None, None).unwrap();
    let container = dir.path().join("c");
    fs::create_dir(&container).unwrap();
    let snapshot = layers.prepare(Some(&base.chain_id), &container).unwrap();
    let at = dir.path().join("merged");
    let mounted = Mounted::new(&snapshot, &at);
    fs::write(at.join("etc/motd"), "changed").unwrap();
    fs::remove_file(at.join("keep")).unwrap();
    fs::remove_dir_all(at.join("var/log")).unwrap();
    fs::create_dir(at.join("var/log")).unwrap();
    fs::write(at.join("var/log/new"), vec![b'n'; 2000]).unwrap();
    fs::hard_link(at.join("var/log/new"), at.join("var/log/twin")).unwrap();
    let mut seen = tree(&at);
    drop(mounted);
    // The places for mounts are the container's, not the image's.
    for place in ["dev", "proc", "sys", "etc/hostname", "etc/hosts", "etc/resolv.conf"] {
        seen.remove(Path::new(place)).unwrap();
    }

    let upper = &snapshot.upper.as_ref().unwrap().0;
    let found = changes(upper, &snapshot.lowers).unwrap();
    let said: Vec<_> = found.iter().map(|c| (c.kind, c.path.to_str().unwrap())).collect();
    use ChangeKind::{Added, Changed, Deleted};
    let expected = [
        (Changed, "/etc"),
        (Changed, "/etc/motd"),
        (Deleted, "/keep"),
        (Changed, "/var"),
        (Changed, "/var/log"),
        (Added, "/var/log/new"),
        (Added, "/var/log/twin"),
    ];
    assert_eq!(said, expected);

    let layer = layers.commit(upper, Some(&base.chain_id)).unwrap();
    assert_eq!(layer.size, 2007);
    let again = layers.pack(&layer.chain_id, Vec::new()).unwrap();
    assert_eq!(Digest::of(&again), layer.diff_id, "packed again it is the same archive");
    let at = dir.path().join("view");
    let mounted = Mounted::new(&layers.view(Some(&layer.chain_id)).unwrap(), &at);
    let found = differences(&seen, &tree(&at));
    drop(mounted);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_image_without_layers_can_be_written_to() {
    let Place { dir, layers } = place();
    let snapshot = layers.prepare(None, dir.path()).unwrap();
    let at = dir.path().join("merged");
    let mounted = Mounted::new(&snapshot, &at);
    let written = fs::write(at.join("f"), "x");
    drop(mounted);
    written.unwrap();
    let layer = layers.commit(&snapshot.upper.unwrap().0, None).unwrap();
    assert_eq!(names(&layers.files(&layer.chain_id)), ["f"]);
}

/// Keeps a foreign archive as a layer above nothing.
fn adopted(layers: &Layers, archive: &[u8]) -> Layer {
    let mut batch = layers.batch(None).unwrap();
    let layer = batch.adopt(archive, &Digest::of(archive)).unwrap();
    batch.finish().unwrap();
    layer
}

#[test]
fn a_foreign_archive_is_written_again_to_the_byte() {
    let Place { dir: _dir, layers } = place();
    let mut device = Member::new("dev/null", Kind::Character { major: 1, minor: 3 }, 0o666);
    device.modified.nanoseconds = 5;
    let mut odd = archive(&[
        (folder("a"), b""),
        (file("a/first"), &[7; 100_000]),
        (symlink("b", "a"), b""),
        (file("b/through-a-link"), b"content"),
        (hard_link("c", "a/first"), b""),
        (file(&"long/".repeat(60)), b""),
        (file(".wh.gone"), b""),
        (file("gone"), b"and here again"),
        (file("empty"), b""),
        (device, b""),
    ]);
    odd.extend([0; 5000]);
    odd.extend(b"rubbish behind the end");
    let layer = adopted(&layers, &odd);
    assert!(layer.own);
    assert!(layers.pack(&layer.chain_id, Vec::new()).unwrap() == odd);
    // What GNU tar writes differs from ours in many ways.
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(from.path().join("f"), "x".repeat(300_000)).unwrap();
    let hole = fs::File::create(from.path().join("sparse")).unwrap();
    hole.set_len(1 << 20).unwrap();
    let file = to.path().join("a.tar");
    let mut tar = std::process::Command::new("tar");
    tar.args(["-S", "--format=gnu", "-cf"]).arg(&file).arg("-C").arg(from.path()).arg(".");
    assert!(tar.status().unwrap().success());
    let data = fs::read(&file).unwrap();
    let layer = adopted(&layers, &data);
    assert!(layer.own && layers.pack(&layer.chain_id, Vec::new()).unwrap() == data);
}

#[test]
fn an_archive_that_replaces_its_own_files_is_not_promised() {
    let Place { dir: _dir, layers } = place();
    for again in [(file("f"), &b"new"[..]), (folder("f"), b""), (symlink("f", "g"), b""), (hard_link("f", "g"), b"")] {
        let layer = adopted(&layers, &archive(&[(file("g"), b"g"), (file("f"), b"old"), again]));
        assert!(!layer.own && !layers.files(&layer.chain_id).with_file_name("archive.zst").exists());
    }
}

#[test]
fn a_batch_shows_nothing_before_it_is_finished() {
    let Place { dir, layers } = place();
    let (low, high) = (archive(&[(folder("a"), b"")]), archive(&[(file("a/f"), b"1")]));
    let mut batch = layers.batch(None).unwrap();
    let below = batch.apply(&low[..], None).unwrap();
    let above = batch.apply(&high[..], Some(&Digest::of(&high))).unwrap();
    assert_eq!(above.parent, Some(below.chain_id.clone()));
    assert!(layers.get(&above.chain_id).is_none() && layers.get(&below.chain_id).is_none());
    drop(batch);
    assert_eq!(fs::read_dir(dir.path().join("layers")).unwrap().count(), 0, "what was not finished is gone");
    let mut batch = layers.batch(None).unwrap();
    batch.apply(&low[..], None).unwrap();
    batch.apply(&high[..], None).unwrap();
    batch.finish().unwrap();
    let mut again = layers.batch(None).unwrap();
    assert_eq!(again.reuse(&below.diff_id), Some(below));
    assert_eq!(again.reuse(&above.diff_id).map(|layer| layer.chain_id), Some(above.chain_id));
}

/// What every container gets mounted has its place, and is no change of the container.
#[test]
fn places_for_mounts_are_no_changes() {
    let Place { dir, layers } = place();
    let mut etc = folder("etc");
    (etc.gid, etc.modified.seconds) = (7, 1000);
    let image = archive(&[
        (etc, b""),
        (file("etc/hosts"), b"own"),
        (file("proc"), b"in the way"),
        (symlink("sys", "etc"), b""),
    ]);
    let base = layers.apply(&image[..], None, None).unwrap();
    let container = dir.path().join("c");
    fs::create_dir(&container).unwrap();
    let snapshot = layers.prepare(Some(&base.chain_id), &container).unwrap();
    let at = dir.path().join("merged");
    let mounted = Mounted::new(&snapshot, &at);
    let seen = tree(&at);
    drop(mounted);
    let found: Vec<_> = seen.keys().filter_map(|path| path.to_str()).filter(|path| !path.is_empty()).collect();
    assert_eq!(found, ["dev", "etc", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "sys"]);
    let below = tree(&layers.files(&base.chain_id));
    for same in ["", "etc", "etc/hosts", "proc", "sys"] {
        assert_eq!(seen[Path::new(same)], below[Path::new(same)], "{same:?}");
    }
    assert_eq!(changes(&snapshot.upper.as_ref().unwrap().0, &snapshot.lowers).unwrap(), []);
    assert_eq!(layers.snapshot(Some(&base.chain_id), &container).unwrap(), snapshot, "and again at the next start");
}
