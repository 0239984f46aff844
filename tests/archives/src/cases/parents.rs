//! Parents that are no folders, that are missing, or too many.

use crate::tar::{archive, character, fifo, file, folder, pax, record, symlink};
use crate::{Case, Outcome};

pub(crate) fn all() -> Vec<Case> {
    let case = |name: &str, members: &[Vec<u8>], outcome: Outcome| {
        Case::new(format!("parents: {name}"), archive(members), outcome)
    };
    let refused = || Outcome::Refused("");
    let deep = "d/".repeat(1500);
    let some = "d/".repeat(200);
    let named = |name: &str| [pax(&[record("path", name)]), file("decoy")].concat();
    let further = [named(&format!("{some}f")), symlink("l", &some), named(&format!("l/{some}f"))];
    let mut chain = vec![folder("0/")];
    chain.extend((0..200).map(|n| folder(format!("{}x{n}/", "0/".repeat(n % 20 + 1)))));
    vec![
        case("a file", &[file("a"), file("a/f")], refused()),
        case("a file far above", &[file("a"), file("a/b/c/d/f")], refused()),
        case("a FIFO", &[fifo("a"), file("a/f")], refused()),
        case("a device", &[character("a", 1, 3), file("a/f")], refused()),
        case("a link to a file", &[file("f"), symlink("a", "f"), file("a/f")], refused()),
        case("a link to a FIFO", &[fifo("f"), symlink("a", "f"), file("a/f")], refused()),
        case("missing", &[file("a/b/f")], Outcome::makes(&["a/", "a/b/", "a/b/f"])),
        case("after their child", &[file("a/f"), folder("a/")], Outcome::makes(&["a/", "a/f"])),
        case("1500 deep", &[named(&format!("{deep}f"))], Outcome::Refused("folders deep")),
        case("200 deep, and again 200 behind a link", &further, Outcome::Refused("folders deep")),
        case("removed by a file", &[file("a/f"), file("a"), file("b")], Outcome::makes(&["a", "b"])),
        case("removed between two children", &[file("a/f"), file("a"), file("a/g")], refused()),
        case("many", &chain, Outcome::Contained),
    ]
}
