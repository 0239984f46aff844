//! Names that lead out, by each of the ways in which a member can be named.

use crate::tar::{Header, archive, at, file, folder, long_name, pax, record, with_content};
use crate::{Case, Outcome};

/// A way to name a member.
type Carrier = (&'static str, fn(&str) -> Vec<u8>);

const CARRIERS: &[Carrier] = &[
    ("ustar", |name| file(name)),
    ("record", |name| [pax(&[record("path", name)]), file("decoy")].concat()),
    ("long name", |name| [long_name(name), file("decoy")].concat()),
    ("folder", |name| [pax(&[record("path", name)]), folder("decoy/")].concat()),
];

/// Each of them leaves the root in some reader.
const LEAVING: &[&str] = &[
    "../canary",
    "../outside/canary",
    "..",
    "../",
    "/..",
    "a/..",
    "a/../b",
    "a/../../canary",
    "a/../../outside/canary",
    "./../canary",
    ".//..//canary",
    "a/./../../canary",
    "a/b/c/../../../../canary",
    "../../../../../../../../../../../../tmp/canary",
];

pub(crate) fn all(outside: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (carrier, member) in CARRIERS {
        for name in LEAVING {
            let data = archive(&[member(name)]);
            cases.push(Case::new(format!("names: {name} by {carrier}"), data, Outcome::Refused("leaves the root")));
        }
        let absolute = archive(&[member(&format!("{outside}/canary"))]);
        cases.push(Case::new(format!("names: the canary's own path by {carrier}"), absolute, Outcome::Contained));
    }
    cases.extend(prefixes());
    cases.extend(harmless());
    cases.extend(impossible());
    cases
}

/// ustar's names in two parts.
fn prefixes() -> Vec<Case> {
    let split =
        |prefix: &str, name: &str| archive(&[with_content(Header::new(name, b'0').set(at::PREFIX, prefix), "")]);
    let out = Outcome::Refused("leaves the root");
    vec![
        Case::new("names: a prefix that leaves", split("..", "canary"), out.clone()),
        Case::new("names: a prefix that is undone", split("a", "../../canary"), out.clone()),
        Case::new("names: a prefix whose end leaves", split("a/..", "b"), out),
        Case::new("names: an absolute prefix", split("/a", "b"), Outcome::makes(&["a/", "a/b"])),
    ]
}

/// Odd, and yet only names.
fn harmless() -> Vec<Case> {
    let makes = |name: &[u8], lines: &[&str]| {
        let title = format!("names: {}", name.escape_ascii());
        Case::new(title, archive(&[file(name)]), Outcome::makes(lines))
    };
    vec![
        makes(b"/canary", &["canary"]),
        makes(b"///canary", &["canary"]),
        makes(b"/./canary", &["canary"]),
        makes(b"..\\canary", &["..\\canary"]),
        makes(b"C:\\canary", &["C:\\canary"]),
        makes(b"...", &["..."]),
        makes(b"..a/canary", &["..a/", "..a/canary"]),
        makes(b" ", &[" "]),
        makes(b"-rf", &["-rf"]),
        makes(b"a\nb", &["a\nb"]),
        makes(b"\x1b[2J", &["\x1b[2J"]),
        makes(b"\xff\xfe", &["\\xff\\xfe"]),
        makes(b"%2e%2e/canary", &["%2e%2e/", "%2e%2e/canary"]),
        makes(b"~root/x", &["~root/", "~root/x"]),
    ]
}

/// No file can be named so.
fn impossible() -> Vec<Case> {
    let root = Outcome::Refused("root's name");
    let refused = |title: &str, data: Vec<u8>, outcome: Outcome| Case::new(format!("names: {title}"), data, outcome);
    let by_record = |name: &[u8]| archive(&[pax(&[record("path", name)]), file("decoy")]);
    let by_long_name = |name: &[u8]| archive(&[long_name(name), file("decoy")]);
    vec![
        refused("none", archive(&[file("")]), Outcome::Refused("valid name")),
        refused("none, by a long name", by_long_name(b""), Outcome::Refused("valid name")),
        refused("a file that is the root", archive(&[file(".")]), root.clone()),
        refused("a file that is the root, with a slash", archive(&[file("./")]), root.clone()),
        refused("a file that is /", archive(&[file("/")]), root),
        refused("a NUL in a record", by_record(b"a\0b"), Outcome::Refused("path")),
        refused("a NUL in a long name", by_long_name(b"a\0b"), Outcome::Refused("NUL")),
        refused("a component of 256 bytes", by_record(&[b'a'; 256]), Outcome::Refused("")),
        refused("a path of 6000 bytes", by_record("a/".repeat(3000).as_bytes()), Outcome::Refused("name of")),
        refused("a path of 4097 bytes", by_record("a".repeat(4097).as_bytes()), Outcome::Refused("name of")),
    ]
}
