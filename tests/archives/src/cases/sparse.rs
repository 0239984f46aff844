//! Sparse files: maps that lie (GNU tar manual, "Storing Sparse Files").

use crate::tar::{BLOCK, Header, archive, at, file, pax, record, with_content};
use crate::{Case, Outcome};

/// Where the old GNU header has its four pairs, the mark that more follow, and the whole size.
const PAIRS: usize = 386;
const MORE: usize = 482;
const WHOLE: std::ops::Range<usize> = 483..495;

pub(crate) fn all() -> Vec<Case> {
    let mut cases = version_one();
    cases.extend(version_zero());
    cases.extend(old());
    cases
}

/// Format 1.0: the map stands before the content.
fn with_map(name: &str, whole: &str, map: &str, content: &[u8], outcome: Outcome) -> Case {
    let records = [("major", "1"), ("minor", "0"), ("realsize", whole)];
    let records = records.map(|(key, value)| record(format!("GNU.sparse.{key}"), value));
    let mut data = map.as_bytes().to_vec();
    data.resize(data.len().next_multiple_of(BLOCK), 0);
    data.extend_from_slice(content);
    let member = with_content(Header::new("f", b'0'), data);
    Case::new(format!("sparse: {name}"), archive(&[pax(&records), member]), outcome)
}

fn version_one() -> Vec<Case> {
    let bad = || Outcome::Refused("sparse");
    let good = || Outcome::makes(&["f"]);
    let forever = "1\n".repeat(700_000);
    vec![
        with_map("a map past the file", "9", "1\n5\n5\n", b"12345", bad()),
        with_map("a map backwards", "9", "2\n5\n1\n0\n1\n", b"12", bad()),
        with_map("a map that overlaps", "9", "2\n0\n5\n4\n1\n", b"123456", bad()),
        with_map("a map that overflows", "9", "1\n18446744073709551615\n2\n", b"12", bad()),
        with_map("a map of lengths that overflow", "9", "2\n0\n18446744073709551615\n0\n1\n", b"12", bad()),
        with_map("a map of what is not stored", "9", "1\n0\n9\n", b"", bad()),
        with_map("a map of less than is stored", "9", "1\n0\n1\n", b"123", bad()),
        with_map("a map of letters", "9", "x\n", b"", bad()),
        with_map("an empty map", "9", "\n", b"", bad()),
        with_map("a map without its end", "9", "999999999\n1\n", b"", Outcome::Refused("")),
        with_map("a map of more than a megabyte", "9", &format!("349999\n{forever}"), b"", Outcome::Refused("")),
        with_map("a size below zero", "-1", "0\n", b"", bad()),
        with_map("no size", "", "0\n", b"", bad()),
        with_map("a hole of a terabyte", "1099511627776", "0\n", b"", good()),
        with_map("a hole beyond most files", "9223372036854775807", "0\n", b"", Outcome::Contained),
        with_map("a hole beyond any number", "18446744073709551615", "0\n", b"", Outcome::Refused("")),
        with_map("a hole and a byte", "4097", "1\n4096\n1\n", b"x", good()),
    ]
}

/// Formats 0.0 and 0.1: the map is in the records.
fn version_zero() -> Vec<Case> {
    let with = |name: &str, records: &[(&str, &str)], outcome: Outcome| {
        let records: Vec<_> = records.iter().map(|(key, value)| record(format!("GNU.sparse.{key}"), value)).collect();
        let data = archive(&[pax(&records), file("f")]);
        Case::new(format!("sparse: {name}"), data, outcome)
    };
    let bad = || Outcome::Refused("sparse");
    let out = Outcome::Refused("leaves the root");
    vec![
        with("odd numbers", &[("size", "9"), ("map", "0,5,9")], bad()),
        with("numbers that are none", &[("size", "9"), ("map", "0,-5")], bad()),
        with("a list past the file", &[("size", "9"), ("map", "5,5")], bad()),
        with("no list", &[("size", "9"), ("numblocks", "1")], bad()),
        with("pairs of records", &[("size", "9"), ("offset", "0"), ("numbytes", "5")], bad()),
        with("an unknown version", &[("major", "2"), ("minor", "0"), ("realsize", "9")], bad()),
        with("half a version", &[("major", "1"), ("realsize", "9")], bad()),
        with("a name that leaves", &[("name", "../canary"), ("size", "9"), ("map", "0,5")], out),
        with("a list", &[("size", "9"), ("map", "4,5")], Outcome::makes(&["f"])),
    ]
}

/// The old GNU form.
fn old() -> Vec<Case> {
    let header = |pairs: &[(u64, u64)], whole: &str, more: u8| {
        let mut header = Header::new("f", b'S').set(at::MAGIC, "ustar  \0").set(at::PREFIX, [0; 155]);
        for (n, (offset, length)) in pairs.iter().enumerate() {
            let start = PAIRS + 24 * n;
            header = header
                .set(start..start + 12, format!("{offset:011o}"))
                .set(start + 12..start + 24, format!("{length:011o}"));
        }
        header.set(MORE..MORE + 1, [more]).set(WHOLE, whole)
    };
    let case = |name: &str, data: Vec<u8>, outcome: Outcome| Case::new(format!("sparse: old, {name}"), data, outcome);
    let one = |pairs: &[(u64, u64)], whole: &str| archive(&[with_content(header(pairs, whole, 0), "12345")]);
    let bad = || Outcome::Refused("sparse");
    let endless = [header(&[], "11", 1).size(0).done(), vec![1; 4096 * BLOCK]].concat();
    let twice =
        [pax(&[record("GNU.sparse.size", "9"), record("GNU.sparse.map", "0,5")]), one(&[(0, 5)], "00000000011")];
    vec![
        case("past the file", one(&[(5, 5)], "00000000011"), bad()),
        case("backwards", one(&[(5, 2), (0, 3)], "00000000011"), bad()),
        case("more than is stored", one(&[(0, 6)], "00000000011"), bad()),
        case("without a map", one(&[], "00000000011"), bad()),
        case("a size that is none", one(&[(0, 5)], "zzz"), Outcome::Refused("size")),
        case("blocks without end", endless, Outcome::Refused("")),
        case("and a new map", twice.concat(), Outcome::Refused("two sparse maps")),
        case("as it should be", one(&[(4, 5)], "00000000011"), Outcome::makes(&["f"])),
    ]
}
