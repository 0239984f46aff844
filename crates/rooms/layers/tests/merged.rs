//! A stack of layers as one tree: what is hidden, and how two stacks differ.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use knarr_layers::{Aspect, Merged};
use rustix::fs::{CWD, FileType, Mode, XattrFlags};

fn file(layer: &Path, path: &str, text: &str) {
    let target = layer.join(path);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(target, text).unwrap();
}

fn whiteout(layer: &Path, path: &str) {
    fs::create_dir_all(layer.join(path).parent().unwrap()).unwrap();
    rustix::fs::mknodat(CWD, layer.join(path), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
}

fn layers() -> [tempfile::TempDir; 3] {
    std::array::from_fn(|_| tempfile::tempdir().unwrap())
}

fn merged(layers: &[&Path]) -> Merged {
    let mut merged = Merged::default();
    layers.iter().for_each(|layer| merged.lay(layer, false).unwrap());
    merged
}

/// Path, size, layer, the one that hides it, and whether it is deleted.
fn hidden(merged: &Merged) -> Vec<(String, u64, usize, usize, bool)> {
    let each = merged.hidden().into_iter();
    each.map(|f| (f.path.to_string_lossy().into_owned(), f.size, f.layer, f.by, f.deleted)).collect()
}

#[test]
fn what_upper_layers_hide_is_counted_once() {
    let [low, mid, top] = layers();
    let (low, mid, top) = (low.path(), mid.path(), top.path());
    file(low, "replaced", "12345");
    file(low, "deleted", "1234");
    file(low, "folder/inside", "123");
    file(low, "opaque/inside", "12");
    file(low, "linked", "1234567");
    fs::hard_link(low.join("linked"), low.join("second")).unwrap();
    file(low, "twice", "123456789");
    fs::hard_link(low.join("twice"), low.join("again")).unwrap();
    file(low, "empty", "");
    file(mid, "replaced", "1");
    file(mid, "folder", "now a file");
    file(mid, "opaque/new", "n");
    rustix::fs::setxattr(mid.join("opaque"), "trusted.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
    for path in ["deleted", "linked", "twice", "again", "empty", "never"] {
        whiteout(mid, path);
    }
    whiteout(top, "replaced");
    let expected = [
        ("/again", 9, 0, 1, true),
        ("/deleted", 4, 0, 1, true),
        ("/folder/inside", 3, 0, 1, true),
        ("/opaque/inside", 2, 0, 1, true),
        ("/replaced", 1, 1, 2, true),
        ("/replaced", 5, 0, 1, false),
    ];
    let mut found = hidden(&merged(&[low, mid, top]));
    // Of two names of one content either may be told.
    for file in found.iter_mut().filter(|file| file.0 == "/twice") {
        file.0 = "/again".into();
    }
    found.sort();
    assert_eq!(found, expected.map(|(path, size, layer, by, deleted)| (path.to_owned(), size, layer, by, deleted)));
    assert!(hidden(&merged(&[low])).is_empty());
}

#[test]
fn stacks_differ_by_what_is_seen() {
    let [low, left, right] = layers();
    let (low, left, right) = (low.path(), left.path(), right.path());
    file(low, "same", "s");
    file(low, "touched", "t");
    file(left, "touched", "t");
    file(left, "bytes", "abc");
    file(right, "bytes", "abd");
    file(left, "mode", "m");
    file(right, "mode", "m");
    fs::set_permissions(right.join("mode"), fs::Permissions::from_mode(0o4755)).unwrap();
    file(left, "kind", "k");
    fs::create_dir(right.join("kind")).unwrap();
    file(left, "left", "12");
    file(right, "right", "123");
    whiteout(right, "same");
    let found = merged(&[low, left]).differences(&merged(&[low, right]), 1).unwrap();
    let found: Vec<_> =
        found.into_iter().map(|d| (d.path.to_string_lossy().into_owned(), d.before, d.after, d.aspects)).collect();
    let expected = [
        ("/bytes".to_owned(), Some(3), Some(3), vec![Aspect::Content]),
        ("/kind".to_owned(), Some(1), Some(0), vec![Aspect::Kind]),
        ("/left".to_owned(), Some(2), None, vec![]),
        ("/mode".to_owned(), Some(1), Some(1), vec![Aspect::Mode]),
        ("/right".to_owned(), None, Some(3), vec![]),
        ("/same".to_owned(), Some(1), None, vec![]),
    ];
    assert_eq!(found, expected);
}
