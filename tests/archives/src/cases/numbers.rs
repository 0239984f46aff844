//! Forms of numbers in each field that has one.

use std::ops::Range;

use crate::tar::{Header, archive, at};
use crate::{Case, Outcome};

/// What a form means.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    /// A small number.
    Small,
    /// A number below zero: a time, nothing else.
    Negative,
    /// A number that fits no field.
    Huge,
    /// None.
    Rubbish,
}

use Meaning::{Huge, Negative, Rubbish, Small};

/// Forms that fill a field, which is then padded by the byte behind.
const FORMS: &[(&str, &[u8], u8, Meaning)] = &[
    ("octal", b"0000000", 0, Small),
    ("blank", b"", b' ', Small),
    ("NULs", b"", 0, Small),
    ("after spaces", b"   0", 0, Small),
    ("before spaces", b"0", b' ', Small),
    ("in base 256", b"\x80", 0, Small),
    ("below zero in base 256", b"\xff", 0xff, Negative),
    ("of the largest base 256", b"\x80", 0xff, Huge),
    ("decimal", b"0000008", 0, Rubbish),
    ("hexadecimal", b"0x1", 0, Rubbish),
    ("with a sign", b"+1", 0, Rubbish),
    ("below zero", b"-1", 0, Rubbish),
    ("in two parts", b"1 2", 0, Rubbish),
    ("behind a NUL", b"\x001", 0, Rubbish),
    ("of letters", b"zzzzzzz", 0, Rubbish),
];

const FIELDS: &[(&str, Range<usize>)] =
    &[("mode", at::MODE), ("uid", at::UID), ("gid", at::GID), ("size", at::SIZE), ("time", at::MTIME)];

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for (field, place) in FIELDS {
        for (form, start, pad, meaning) in FORMS {
            let mut value = start.to_vec();
            value.resize(place.len(), *pad);
            let data = archive(&[Header::new("f", b'0').set(place.clone(), value).done()]);
            cases.push(Case::new(format!("numbers: a {field} {form}"), data, outcome(field, *meaning)));
        }
    }
    cases
}

fn outcome(field: &str, meaning: Meaning) -> Outcome {
    match (field, meaning) {
        // Old writers put the file's kind above a mode's bits: what is above them is not read.
        (_, Small) | ("time", Negative) | ("mode", Huge) => Outcome::makes(&["f"]),
        _ => Outcome::Refused(""),
    }
}
