//! Hard links to what is not of the archive.

use crate::tar::{Header, archive, at, fifo, file, folder, hard_link, long_link, pax, record, symlink, with_content};
use crate::{Case, Outcome};

pub(crate) fn all(outside: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for target in ["../outside/canary", "../../canary", "a/../../outside/canary", "..", "/../outside/canary"] {
        let leaves = Outcome::Refused("leaves the root");
        let one = archive(&[hard_link("h", target)]);
        let record = archive(&[pax(&[record("linkpath", target)]), hard_link("h", "x")]);
        let long = archive(&[long_link(target), hard_link("h", "x")]);
        cases.push(Case::new(format!("hard links: to {target}"), one, leaves.clone()));
        cases.push(Case::new(format!("hard links: to {target} by record"), record, leaves.clone()));
        cases.push(Case::new(format!("hard links: to {target} by long name"), long, leaves));
    }
    for target in [&format!("{outside}/canary"), "/etc/passwd", "/proc/self/exe", "nothing", "/", "."] {
        let data = archive(&[hard_link("h", target)]);
        cases.push(Case::new(format!("hard links: to {target}"), data, Outcome::Refused("")));
    }
    cases.extend(inside());
    cases
}

fn inside() -> Vec<Case> {
    let case = |name: &str, members: &[Vec<u8>], outcome: Outcome| {
        Case::new(format!("hard links: {name}"), archive(members), outcome)
    };
    let refused = || Outcome::Refused("");
    let long = with_content(Header::new("h", b'1').set(at::LINK, "f"), "more");
    vec![
        case("to a folder", &[folder("d/"), hard_link("h", "d")], refused()),
        case("through a link to a folder", &[folder("d/"), symlink("l", "d"), hard_link("h", "l/x")], refused()),
        case("to a later member", &[hard_link("h", "f"), file("f")], refused()),
        case("to itself before it is there", &[hard_link("h", "h")], refused()),
        case("without a target", &[Header::new("h", b'1').done()], Outcome::Refused("no target")),
        case("below a file", &[file("f"), hard_link("f/h", "f")], refused()),
        case("with content", &[file("f"), long], Outcome::Refused("has content")),
        case("to itself", &[file("f"), hard_link("f", "f")], Outcome::makes(&["f"])),
        case("to a FIFO", &[fifo("p"), hard_link("h", "p")], Outcome::makes(&["h fifo", "p fifo"])),
        case("over a full folder", &[file("d/x"), file("f"), hard_link("d", "f")], Outcome::makes(&["d", "f"])),
        case("over the folder it is in", &[file("d/x"), hard_link("d", "d/x")], refused()),
    ]
}
