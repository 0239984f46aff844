//! PAX records (pax(1)): malformed ones, and ones that contradict.

use crate::tar::{Header, archive, at, file, global, pax, record, symlink, with_content};
use crate::{Case, Outcome};

pub(crate) fn all() -> Vec<Case> {
    let mut cases = malformed();
    cases.extend(values());
    cases.extend(contradictions());
    cases.extend(globals());
    cases.extend(huge());
    cases
}

fn before_a_file(records: &[u8]) -> Vec<u8> {
    archive(&[pax(&[records.to_vec()]), file("f")])
}

fn malformed() -> Vec<Case> {
    let texts: &[&[u8]] = &[
        b"9 path=a",
        b"8 path=a\n",
        b"11 path=a\n",
        b"99 path=a\n",
        b"0 path=a\n",
        b"-9 path=a\n",
        b"+9 path=a\n",
        b" 9 path=a\n",
        b"path=a\n",
        b"6 path\n",
        b"5 =a\n",
        b"3 =\n",
        b"99999999999999999999 path=a\n",
        b"9\tpath=a\n",
        b"9 path=a\nx",
        b"11 \xff\xff\xff\xff=a\n",
    ];
    let case = |text: &&[u8]| {
        Case::new(format!("records: {}", text.escape_ascii()), before_a_file(text), Outcome::Refused("PAX"))
    };
    texts.iter().map(case).collect()
}

fn values() -> Vec<Case> {
    let refused = [
        ("uid", "4294967296"),
        ("uid", "4294967295"),
        ("uid", "-1"),
        ("uid", "+1"),
        ("uid", "1e3"),
        ("gid", "18446744073709551616"),
        ("gid", "root"),
        ("size", "-1"),
        ("size", "18446744073709551616"),
        ("size", "0x10"),
        ("mtime", "now"),
        ("mtime", "1e9"),
        ("mtime", "1.-5"),
        ("mtime", "--1"),
        ("mtime", "99999999999999999999"),
    ];
    let mut cases: Vec<_> = refused
        .iter()
        .map(|(key, value)| {
            let data = before_a_file(&record(key, value));
            Case::new(format!("records: {key}={value}"), data, Outcome::Refused("PAX record"))
        })
        .collect();
    for (key, value) in
        [("mtime", "-1.5"), ("mtime", "9223372036854775807"), ("atime", "junk"), ("hdrcharset", "BINARY")]
    {
        cases.push(Case::new(
            format!("records: {key}={value}"),
            before_a_file(&record(key, value)),
            Outcome::makes(&["f"]),
        ));
    }
    cases
}

fn contradictions() -> Vec<Case> {
    let case = |name: &str, members: &[Vec<u8>], outcome: Outcome| {
        Case::new(format!("records: {name}"), archive(members), outcome)
    };
    let twice = |key: &str, a: &str, b: &str| pax(&[record(key, a), record(key, b)]);
    let hidden = with_content(Header::new("f", b'0'), file("hidden"));
    let beyond = Header::new("f", b'0').set(at::SIZE, "77777777777").done();
    vec![
        case("path twice", &[twice("path", "a", "b"), file("f")], Outcome::Refused("path")),
        case("linkpath twice", &[twice("linkpath", "a", "b"), symlink("l", "x")], Outcome::Refused("linkpath")),
        case("size twice", &[twice("size", "5", "5"), file("f")], Outcome::Refused("size")),
        case("a size that hides a member", &[pax(&[record("size", "0")]), hidden], Outcome::Refused("two sizes")),
        case(
            "a size that takes in a member",
            &[pax(&[record("size", "1024")]), file("f"), file("g")],
            Outcome::Refused("two sizes"),
        ),
        case("a size beyond the archive", &[pax(&[record("size", "9999999999999")]), beyond], Outcome::Refused("")),
        case("a path taken back", &[pax(&[record("path", "")]), file("f")], Outcome::makes(&["f"])),
        case("a target of a file", &[pax(&[record("linkpath", "../outside")]), file("f")], Outcome::makes(&["f"])),
        case(
            "a target that is taken back",
            &[pax(&[record("linkpath", "")]), symlink("l", "x")],
            Outcome::makes(&["l -> x"]),
        ),
    ]
}

fn globals() -> Vec<Case> {
    let refused = |key: &str| {
        let data = archive(&[global(&[record(key, "1")]), file("f")]);
        Case::new(format!("records: a global {key}"), data, Outcome::Refused("global"))
    };
    let mut cases: Vec<_> = ["path", "linkpath", "size", "GNU.sparse.size"].into_iter().map(refused).collect();
    let comment = archive(&[global(&[record("comment", "x")]), file("f")]);
    let many = archive(&[vec![global(&[record("comment", "x")]); 500], vec![file("f")]].concat());
    cases.push(Case::new("records: a global comment", comment, Outcome::makes(&["f"])));
    cases.push(Case::new("records: five hundred global headers", many, Outcome::makes(&["f"])));
    cases
}

/// Headers that announce a gigabyte, and some that have two megabytes.
fn huge() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in *b"xgLK" {
        let announced = archive(&[Header::new("x", kind).set(at::SIZE, "10000000000").done()]);
        let there = archive(&[with_content(Header::new("x", kind), vec![b'a'; 2 << 20]), file("f")]);
        let over = || Outcome::Refused("extended headers over");
        let kind = char::from(kind);
        cases.push(Case::new(format!("records: a gigabyte of {kind}"), announced, over()));
        cases.push(Case::new(format!("records: two megabytes of {kind}"), there, over()));
    }
    cases
}
