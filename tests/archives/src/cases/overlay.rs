//! What would steer overlayfs, and devices that are none.

use crate::tar::{Header, archive, at, character, file, folder, pax, record, symlink};
use crate::{Case, Outcome};

/// Attributes that overlayfs reads (kernel: fs/overlayfs/overlayfs.h).
const ATTRIBUTES: &[&str] = &[
    "opaque",
    "redirect",
    "origin",
    "impure",
    "nlink",
    "upper",
    "uuid",
    "metacopy",
    "protattr",
    "whiteout",
    "overlay.opaque",
];

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for namespace in ["trusted.overlay.", "user.overlay."] {
        for attribute in ATTRIBUTES {
            let key = format!("SCHILY.xattr.{namespace}{attribute}");
            let records = || pax(&[record(&key, "y")]);
            let data = archive(&[records(), folder("d/"), records(), file("f")]);
            let name = format!("overlay: {namespace}{attribute}");
            cases.push(Case::new(name, data, Outcome::makes(&["d/", "f"])));
        }
    }
    cases.extend(attributes());
    cases.extend(devices());
    cases
}

/// Attributes that no file can have, or that mean nothing.
fn attributes() -> Vec<Case> {
    let with = |name: &str, key: &[u8], value: &[u8], member: Vec<u8>| {
        let key = [b"SCHILY.xattr.", key].concat();
        Case::new(format!("attributes: {name}"), archive(&[pax(&[record(key, value)]), member]), Outcome::Contained)
    };
    vec![
        with("without a name", b"", b"x", file("f")),
        with("without a namespace", b"x", b"x", file("f")),
        with("of an unknown namespace", b"other.x", b"x", file("f")),
        with("with a NUL in its name", b"user.a\0b", b"x", file("f")),
        with("of a name of 300 bytes", &[b"user.".as_slice(), &[b'x'; 295]].concat(), b"x", file("f")),
        with("of 100 kB", b"user.x", &[b'x'; 100_000], file("f")),
        with("a capability that is none", b"security.capability", b"x", file("f")),
        with("an access list that is none", b"system.posix_acl_access", b"x", file("f")),
        with("a label", b"security.selinux", b"x", file("f")),
        with("of a link", b"user.x", b"x", symlink("l", "/etc/passwd")),
        with("trusted, of a link", b"trusted.x", b"x", symlink("l", "/etc/passwd")),
    ]
}

fn devices() -> Vec<Case> {
    let wide = |kind: u8, major: &[u8], minor: &[u8]| {
        archive(&[Header::new("c", kind).set(at::MAJOR, major).set(at::MINOR, minor).done()])
    };
    let zero = || Outcome::Refused("0:0");
    vec![
        Case::new("devices: 0:0", archive(&[character("c", 0, 0)]), zero()),
        Case::new("devices: 0:0 by empty fields", wide(b'3', &[0; 8], &[0; 8]), zero()),
        Case::new("devices: 0:0 in base 256", wide(b'3', &[0x80, 0, 0, 0, 0, 0, 0, 0], b"0000000"), zero()),
        Case::new("devices: 0:0 in a folder", archive(&[character("d/c", 0, 0)]), zero()),
        Case::new(
            "devices: 0:0 by numbers that wrap",
            wide(b'3', b"\x80\0\0\x01\0\0\0\0", b"0000000"),
            Outcome::Refused(""),
        ),
        Case::new("devices: a negative number", wide(b'3', &[0xff; 8], b"0000001"), Outcome::Refused("device number")),
        Case::new("devices: no number", wide(b'3', b"zzzzzzz", b"0000001"), Outcome::Refused("device number")),
        Case::new(
            "devices: numbers too large for a device",
            wide(b'3', b"\x80\0\0\0\xff\xff\xff\xff", b"\x80\0\0\0\xff\xff\xff\xff"),
            Outcome::Contained,
        ),
        Case::new("devices: a disk", wide(b'4', b"0000010", b"0000000"), Outcome::makes(&["c block 8:0"])),
        Case::new("devices: a disk 0:0", wide(b'4', b"0000000", b"0000000"), Outcome::Contained),
    ]
}
