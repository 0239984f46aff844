//! Whiteouts of what is not theirs, and of odd forms (image-spec layer.md, "Whiteouts").

use crate::tar::{archive, character, fifo, file, folder, hard_link, symlink};
use crate::{Case, Outcome};

pub(crate) fn all() -> Vec<Case> {
    let mut cases = of_nothing();
    cases.extend(of_other_kinds());
    cases.extend(of_this_layer());
    cases
}

/// A whiteout of the folder, of its parent, of no name.
fn of_nothing() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, line) in [(".wh.", ".wh."), (".wh..", ".wh.."), (".wh...", ".wh...")] {
        for folder in ["", "d/", "d/e/"] {
            let path = format!("{folder}{name}");
            let mut lines: Vec<_> =
                ["d/", "d/e/"].iter().filter(|f| folder.starts_with(**f)).map(|f| (*f).to_owned()).collect();
            lines.push(format!("{folder}{line}"));
            cases.push(Case::in_a_layer(
                format!("whiteouts: {path}"),
                archive(&[file(&path)]),
                Outcome::Refused("whiteout of no file"),
                Outcome::Makes(lines),
            ));
        }
    }
    cases
}

/// Marks that are no files.
fn of_other_kinds() -> Vec<Case> {
    let layer =
        |name: &str, members: &[Vec<u8>]| Case::new(format!("whiteouts: {name}"), archive(members), Outcome::Contained);
    vec![
        layer("a folder", &[folder(".wh.x/")]),
        layer("a folder with a file", &[folder(".wh.x/"), file(".wh.x/y")]),
        layer("a link", &[symlink(".wh.x", "/etc/passwd")]),
        layer("a hard link", &[file("f"), hard_link(".wh.x", "f")]),
        layer("a FIFO", &[fifo(".wh.x")]),
        layer("a device", &[character(".wh.x", 1, 3)]),
        layer("an opaque mark that is a link", &[symlink("d/.wh..wh..opq", "/etc")]),
        layer("an opaque mark that is a folder", &[folder("d/.wh..wh..opq/")]),
        layer("a file below an opaque mark", &[file("d/.wh..wh..opq"), file("d/.wh..wh..opq/f")]),
        layer("notes of another driver", &[file(".wh..wh.plnk"), file(".wh..wh.aufs"), folder(".wh..wh.orph/")]),
        layer("of a name of 251 bytes", &[file(format!(".wh.{}", "x".repeat(90)))]),
        layer("a file that a note names", &[file(".wh..wh.x"), file(".wh.x")]),
    ]
}

/// Whiteouts concern lower layers, wherever in the archive they stand.
fn of_this_layer() -> Vec<Case> {
    let makes = |name: &str, members: &[Vec<u8>], layer: &[&str], live: &[&str]| {
        Case::in_a_layer(format!("whiteouts: {name}"), archive(members), Outcome::makes(layer), Outcome::makes(live))
    };
    let below = archive(&[file(".wh.d"), file("d/f")]);
    let linked = archive(&[file(".wh.a"), hard_link("h", "a")]);
    vec![
        makes("of a file before it", &[file("f"), file(".wh.f")], &["f"], &[".wh.f", "f"]),
        makes("of a file after it", &[file(".wh.f"), file("f")], &["f"], &[".wh.f", "f"]),
        makes("of a link out", &[symlink("l", "/etc"), file(".wh.l")], &["l -> /etc"], &[".wh.l", "l -> /etc"]),
        makes("twice", &[file(".wh.f"), file(".wh.f")], &["f character 0:0"], &[".wh.f"]),
        makes("of a folder before it", &[file("d/f"), file(".wh.d")], &["d/", "d/f"], &[".wh.d", "d/", "d/f"]),
        makes("of a folder after it", &[file(".wh.d"), folder("d/")], &["d/"], &[".wh.d", "d/"]),
        makes("of an opaque mark", &[file(".wh..wh..wh..opq")], &[], &[".wh..wh..wh..opq"]),
        makes("opaque root", &[file("f"), file(".wh..wh..opq")], &["f"], &[".wh..wh..opq", "f"]),
        makes("opaque twice", &[file("d/.wh..wh..opq"), file("d/.wh..wh..opq")], &["d/"], &["d/", "d/.wh..wh..opq"]),
        Case::in_a_layer(
            "whiteouts: a child below one",
            below,
            Outcome::Refused(""),
            Outcome::makes(&[".wh.d", "d/", "d/f"]),
        ),
        Case::in_a_layer("whiteouts: a hard link to one", linked, Outcome::Refused(""), Outcome::Refused("")),
    ]
}
