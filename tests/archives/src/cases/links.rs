//! Symbolic links to the outside, and everything that can be done through one.

use crate::tar::{archive, character, file, folder, hard_link, symlink};
use crate::{Case, Outcome};

/// What is done with a link `l` to a folder that has, or would have, a file `canary`.
type Way = (&'static str, fn(&str) -> Vec<Vec<u8>>);

const WAYS: &[Way] = &[
    ("a file through it", |to| vec![symlink("l", to), file("l/canary")]),
    ("a new file through it", |to| vec![symlink("l", to), file("l/new")]),
    ("a new folder through it", |to| vec![symlink("l", to), folder("l/new/")]),
    ("folders in between through it", |to| vec![symlink("l", to), file("l/new/deep/er/file")]),
    ("a link through it", |to| vec![symlink("l", to), symlink("l/new", "/etc/passwd")]),
    ("a device through it", |to| vec![symlink("l", to), character("l/new", 1, 3)]),
    ("a hard link out of it", |to| vec![symlink("l", to), hard_link("h", "l/canary"), file("h")]),
    ("a hard link into it", |to| vec![symlink("l", to), file("f"), hard_link("l/canary", "f")]),
    ("a whiteout through it", |to| vec![symlink("l", to), file("l/.wh.canary")]),
    ("an opaque mark through it", |to| vec![symlink("l", to), file("l/.wh..wh..opq")]),
    ("a chain", |to| vec![symlink("a", "l"), symlink("l", to), file("a/canary")]),
    ("a link in a folder", |to| vec![folder("d/"), symlink("d/l", to), file("d/l/canary")]),
    ("a link instead of a full folder", |to| vec![folder("l/"), file("l/x"), symlink("l", to), file("l/canary")]),
    ("a link to a link", |to| vec![symlink("l", to), symlink("m", "l/.."), file("m/outside/canary")]),
];

pub(crate) fn all(outside: &str) -> Vec<Case> {
    let targets = [
        ("the folder outside", outside),
        ("the folder beside the root", "../outside"),
        ("far above", "../../../../../../../../../../../.."),
        ("/", "/"),
        ("/proc/self/root", "/proc/self/root"),
        ("/proc/self/cwd", "/proc/self/cwd"),
        ("a descriptor", "/proc/self/fd/3"),
    ];
    let mut cases = Vec::new();
    for (where_to, target) in targets {
        for (way, members) in WAYS {
            let name = format!("links: {way}, to {where_to}");
            cases.push(Case::new(name, archive(&members(target)), Outcome::Contained));
        }
    }
    cases.extend(replaced(outside));
    cases.extend(loops());
    cases
}

/// A link is replaced, never followed, by a member of its own name.
fn replaced(outside: &str) -> Vec<Case> {
    let canary = format!("{outside}/canary");
    let link = || symlink("l", &canary);
    let over = |name: &str, members: &[Vec<u8>], lines: &[&str]| {
        Case::new(format!("links: {name}"), archive(members), Outcome::makes(lines))
    };
    vec![
        over("a file over a link to the canary", &[link(), file("l")], &["l"]),
        over("a device over a link to the canary", &[link(), character("l", 1, 3)], &["l character 1:3"]),
        over("a folder over a link", &[symlink("l", outside), folder("l/"), file("l/canary")], &["l/", "l/canary"]),
        over("a link over a link", &[link(), symlink("l", "x")], &["l -> x"]),
        over("a hard link over a link", &[link(), file("f"), hard_link("l", "f")], &["f", "l"]),
        over(
            "a file over a hard link to a link",
            &[link(), hard_link("h", "l"), file("h")],
            &["h", &format!("l -> {canary}")],
        ),
        over("a folder without its slash over a link", &[symlink("l", outside), folder("l")], &["l/"]),
    ]
}

fn loops() -> Vec<Case> {
    let refused =
        |name: &str, members: &[Vec<u8>]| Case::new(format!("links: {name}"), archive(members), Outcome::Refused(""));
    let mut chain: Vec<_> = (0..60).map(|n| symlink(&format!("l{n}"), &format!("l{}", n + 1))).collect();
    chain.extend([folder("l60/"), file("l0/f")]);
    vec![
        refused("a loop of two", &[symlink("a", "b"), symlink("b", "a"), file("a/f")]),
        refused("a loop of one", &[symlink("a", "a"), file("a/f")]),
        refused("a loop through itself", &[symlink("a", "a/a"), file("a/f")]),
        refused("a chain of sixty", &chain),
        refused("a target that is empty", &[symlink("a", "")]),
        Case::new("links: a target of 4096 bytes", archive(&[symlink("a", &"x".repeat(4096))]), Outcome::Refused("")),
        Case::new(
            "links: to a folder that a later member makes",
            archive(&[symlink("a", "b/c"), file("a/f")]),
            Outcome::makes(&["a -> b/c", "b/", "b/c/", "b/c/f"]),
        ),
    ]
}
