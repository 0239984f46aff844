//! Headers that two readers could take differently, and forms of old.

use crate::tar::{Header, archive, at, file, folder, long_link, long_name, pax, record, symlink, with_content};
use crate::{Case, Outcome};

pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![
        damaged("one bit of its name", 0, 1),
        damaged("its kind", 156, b'5' ^ b'0'),
        damaged("its size", 134, 1),
        damaged("its checksum", 150, 1),
        Case::new("headers: a checksum of spaces", archive(&[spaces()]), Outcome::Refused("checksum")),
        Case::new("headers: text", vec![b'x'; 4096], Outcome::Refused("checksum")),
        Case::new("headers: one byte", vec![b'x'], Outcome::Refused("middle of a header")),
        Case::new("headers: none", Vec::new(), Outcome::makes(&[])),
        Case::new("headers: zeros", vec![0; 10240], Outcome::makes(&[])),
        Case::new("headers: behind the end", [archive(&[file("a")]), file("b")].concat(), Outcome::makes(&["a"])),
    ];
    cases.extend(kinds());
    cases.extend(formats());
    cases.extend(two_names());
    cases.extend(content());
    cases
}

/// A header that was changed after its checksum was made.
fn damaged(what: &str, at: usize, bits: u8) -> Case {
    let mut data = archive(&[file("f")]);
    data[at] ^= bits;
    Case::new(format!("headers: a changed bit in {what}"), data, Outcome::Refused("checksum"))
}

fn spaces() -> Vec<u8> {
    Header::new("f", b'0').set(at::CHECKSUM, [b' '; 8]).raw()
}

/// Kinds that no reader knows, or that some know as something else.
fn kinds() -> Vec<Case> {
    let kinds = *b"89ADEINVXMacdz\x01\x7f\x80\xff";
    let unknown = kinds.map(|kind| {
        let data = archive(&[Header::new("f", kind).done()]);
        Case::new(format!("headers: kind {}", [kind].escape_ascii()), data, Outcome::Refused("unknown type"))
    });
    let mut cases = unknown.to_vec();
    let old = |name: &str| archive(&[Header::new(name, 0).done()]);
    cases.push(Case::new("headers: kind 7", archive(&[Header::new("f", b'7').done()]), Outcome::makes(&["f"])));
    cases.push(Case::new("headers: a file of before ustar", old("f"), Outcome::makes(&["f"])));
    cases.push(Case::new("headers: a folder of before ustar", old("d/"), Outcome::makes(&["d/"])));
    cases
}

/// The formats by their magic: what stands where ustar has a prefix is none elsewhere.
fn formats() -> Vec<Case> {
    let with = |magic: &[u8]| {
        let header = Header::new("f", b'0').set(at::MAGIC, [0; 8]).set(at::MAGIC, magic);
        archive(&[header.set(at::PREFIX, "../../x").done()])
    };
    vec![
        Case::new("headers: v7", with(b""), Outcome::makes(&["f"])),
        Case::new("headers: old GNU", with(b"ustar  \0"), Outcome::makes(&["f"])),
        Case::new("headers: an unknown magic", with(b"rustar\0"), Outcome::makes(&["f"])),
        Case::new("headers: ustar", with(b"ustar\x0000"), Outcome::Refused("leaves the root")),
    ]
}

fn two_names() -> Vec<Case> {
    let twice = |name: &str, members: &[Vec<u8>], text: &'static str| {
        Case::new(format!("headers: {name}"), archive(members), Outcome::Refused(text))
    };
    let path = |name: &str| pax(&[record("path", name)]);
    vec![
        twice("two PAX headers", &[path("a"), path("b"), file("f")], "two extended"),
        twice("two long names", &[long_name("a"), long_name("b"), file("f")], "two long names"),
        twice("two long targets", &[long_link("a"), long_link("b"), symlink("l", "x")], "two long names"),
        twice("a record and a long name", &[path("a"), long_name("b"), file("f")], "two names"),
        twice("a long name and a record", &[long_name("b"), path("a"), file("f")], "two names"),
        twice("a PAX header at the end", &[path("a")], "extended header"),
        twice("a long name at the end", &[long_name("a")], "extended header"),
        twice("a PAX header of a PAX header", &[path("a"), path("a"), path("a"), file("f")], "two extended"),
    ]
}

/// Content of what has none.
fn content() -> Vec<Case> {
    let hidden = |kind: u8| {
        let header = Header::new("x/", kind).set(at::LINK, "y").set(at::MINOR, "0000001");
        let data = archive(&[with_content(header, file("hidden"))]);
        let name = format!("headers: content of kind {}", char::from(kind));
        Case::new(name, data, Outcome::Refused("has content"))
    };
    let mut cases: Vec<_> = b"123456".iter().map(|kind| hidden(*kind)).collect();
    cases.push(Case::new(
        "headers: a folder and a file of one name",
        archive(&[folder("x/"), file("x")]),
        Outcome::makes(&["x"]),
    ));
    cases
}
