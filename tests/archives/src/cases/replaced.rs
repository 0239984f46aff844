//! Members of one name and different kinds: the last one counts, and nothing of the others is written to.

use crate::tar::{archive, character, fifo, file, folder, hard_link, symlink};
use crate::{Case, Outcome};

/// A kind: what makes one at `x`, and the lines it leaves.
type Of = (&'static str, fn() -> Vec<u8>, &'static [&'static str]);

const KINDS: &[Of] = &[
    ("file", || file("x"), &["x"]),
    ("folder", || [folder("x/"), file("x/in")].concat(), &["x/", "x/in"]),
    ("link", || symlink("x", "base"), &["x -> base"]),
    ("link out", || symlink("x", "../outside/canary"), &["x -> ../outside/canary"]),
    ("FIFO", || fifo("x"), &["x fifo"]),
    ("device", || character("x", 1, 3), &["x character 1:3"]),
    ("hard link", || hard_link("x", "base"), &["x"]),
];

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for (first, one, _) in KINDS {
        for (second, other, lines) in KINDS {
            let mut made: Vec<_> = ["base"].iter().chain(*lines).map(|line| (*line).to_owned()).collect();
            made.sort();
            let data = archive(&[file("base"), one(), other()]);
            cases.push(Case::new(format!("replaced: {first} by {second}"), data, Outcome::Makes(made)));
        }
    }
    cases
}
