//! Hostile archives (flaw rows 56 to 60): each is refused or made harmless, nothing outside the root changes, no descriptor
//! stays open. A case is one line of [`corpus`], so that the corpus can grow.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use knarr_layers::archive::{METADATA_LIMIT, Writer};
use knarr_layers::{Error, Kind, Limits, Member, Options, decompress, unpack};
use knarr_sys::path::Root;
use support::{archive, file, folder, hard_link, symlink, tree};

/// What must become of an archive.
enum Expect {
    /// An error whose text has this in it.
    Refused(&'static str),
    /// Some error.
    Fails,
    /// It is unpacked, and only these paths are in the root.
    Makes(&'static [&'static str]),
}

use Expect::{Fails, Makes, Refused};

type Case = (&'static str, Vec<u8>, Expect);

/// A raw header, its checksum right unless `fix` is false.
fn raw(name: &[u8], kind: u8, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    change(header.as_mut_bytes());
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn size(bytes: &mut [u8], text: &[u8]) {
    bytes[124..124 + text.len()].copy_from_slice(text);
}

/// An extended header with this content.
fn extended(kind: u8, data: &[u8]) -> Vec<u8> {
    let text = format!("{:011o}", data.len());
    let mut out = raw(b"ext", kind, |h| size(h, text.as_bytes()));
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (rest + 1..).find(|n| rest + n.to_string().len() == *n).unwrap();
    format!("{length} {key}={value}\n").into_bytes()
}

fn ended(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = parts.concat();
    out.resize(out.len() + 1024, 0);
    out
}

fn plain(name: &str) -> Vec<u8> {
    raw(name.as_bytes(), b'0', |_| {})
}

fn character(path: &str) -> Member {
    Member::new(path, Kind::Character { major: 0, minor: 0 }, 0o666)
}

fn xattr(path: &str, name: &str) -> Member {
    let mut member = folder(path);
    member.xattrs = vec![(name.into(), b"y".to_vec())];
    member
}

/// Names and links that try to leave the root.
fn traversal(outside: &str) -> Vec<Case> {
    let out = |member: Member| archive(&[(member, b"pwned")]);
    let through = |target: &str| archive(&[(symlink("l", target), b""), (file("l/canary"), b"pwned")]);
    vec![
        ("dot dot", out(file("../canary")), Refused("leaves the root")),
        ("dot dot inside", out(file("a/../../canary")), Refused("leaves the root")),
        ("dot dot back inside", out(file("a/../b")), Refused("leaves the root")),
        ("dot dot at the end", out(folder("a/..")), Refused("leaves the root")),
        ("only dot dot", out(folder("..")), Refused("leaves the root")),
        ("absolute", out(file("/canary")), Makes(&["canary"])),
        ("absolute with slashes", out(file("///canary")), Makes(&["canary"])),
        ("absolute to the outside", out(file(&format!("{outside}/x"))), Expect::Makes(&["*"])),
        ("through an absolute symlink", through(outside), Expect::Makes(&["*"])),
        ("through a relative symlink", through("../../../../../../../.."), Makes(&["canary", "l"])),
        ("through a symlink to the root", through("/"), Makes(&["canary", "l"])),
        ("through a symlink to proc", through("/proc/self/root"), Makes(&["*"])),
        (
            "through a dangling symlink chain",
            archive(&[(symlink("a", "b/c"), b""), (symlink("b", "/d"), b""), (file("a/f"), b"")]),
            Makes(&["a", "b", "d", "d/c", "d/c/f"]),
        ),
        (
            "symlink loop as a parent",
            archive(&[(symlink("a", "b"), b""), (symlink("b", "a"), b""), (file("a/f"), b"")]),
            Fails,
        ),
        ("symlink to itself as a parent", archive(&[(symlink("a", "a"), b""), (file("a/f"), b"")]), Fails),
        ("file as a parent", archive(&[(file("a"), b""), (file("a/f"), b"")]), Fails),
        ("hard link to the outside", out(hard_link("h", "../outside/canary")), Refused("leaves the root")),
        ("hard link to an absolute path", out(hard_link("h", &format!("{outside}/canary"))), Fails),
        (
            "hard link through a symlink",
            archive(&[(symlink("s", outside), b""), (hard_link("h", "s/canary"), b"")]),
            Fails,
        ),
        (
            "hard link to a symlink, then written",
            archive(&[
                (symlink("s", &format!("{outside}/canary")), b""),
                (hard_link("h", "s"), b""),
                (file("h"), b"pwned"),
            ]),
            Makes(&["h", "s"]),
        ),
        ("hard link to a folder", archive(&[(folder("d"), b""), (hard_link("h", "d"), b"")]), Fails),
        ("hard link to nothing", out(hard_link("h", "nothing")), Fails),
        ("hard link to the root", out(hard_link("h", "/")), Fails),
        ("hard link to itself", archive(&[(file("f"), b"x"), (hard_link("f", "f"), b"")]), Makes(&["f"])),
        (
            "file over a symlink",
            archive(&[(symlink("s", &format!("{outside}/canary")), b""), (file("s"), b"pwned")]),
            Makes(&["s"]),
        ),
        (
            "folder over a symlink",
            archive(&[(symlink("s", outside), b""), (folder("s"), b""), (file("s/x"), b"")]),
            Makes(&["s", "s/x"]),
        ),
        (
            "symlink over a full folder",
            archive(&[
                (folder("d"), b""),
                (file("d/x"), b""),
                (symlink("d", outside), b""),
                (file("d/canary"), b"pwned"),
            ]),
            Makes(&["*"]),
        ),
        ("file as the root", out(file("./")), Refused("root's name")),
        ("symlink as the root", out(symlink(".", outside)), Refused("root's name")),
        ("no name", ended(&[plain("")]), Refused("valid name")),
        ("a very long name", archive(&[(file(&"a/".repeat(3000)), b"")]), Refused("name of")),
        ("a very long component", archive(&[(file(&"a".repeat(256)), b"")]), Fails),
    ]
}

/// Headers that could be read in two ways.
fn ambiguous() -> Vec<Case> {
    let pax = |records: &[Vec<u8>]| extended(b'x', &records.concat());
    let mut checksum = plain("f");
    checksum[0] ^= 1;
    vec![
        ("wrong checksum", ended(&[checksum]), Refused("checksum")),
        (
            "two PAX headers",
            ended(&[pax(&[record("path", "a")]), pax(&[record("path", "b")]), plain("f")]),
            Refused("two extended"),
        ),
        ("one record twice", ended(&[pax(&[record("path", "a"), record("path", "b")]), plain("f")]), Refused("path")),
        (
            "two long names",
            ended(&[extended(b'L', b"a\0"), extended(b'L', b"b\0"), plain("f")]),
            Refused("two long names"),
        ),
        (
            "a record and a long name",
            ended(&[extended(b'L', b"a\0"), pax(&[record("path", "b")]), plain("f")]),
            Refused("two names"),
        ),
        ("two sizes", ended(&[pax(&[record("size", "512")]), plain("f"), plain("hidden")]), Refused("two sizes")),
        ("global path", ended(&[extended(b'g', &record("path", "x")), plain("f")]), Refused("global")),
        ("global comment", ended(&[extended(b'g', &record("comment", "x")), plain("f")]), Makes(&["f"])),
        ("NUL in a long name", ended(&[extended(b'L', b"a\0b\0"), plain("f")]), Refused("NUL")),
        ("NUL in a record", ended(&[pax(&[record("path", "a\0b")]), plain("f")]), Refused("path")),
        ("malformed record", ended(&[extended(b'x', b"99 path=a\n"), plain("f")]), Refused("malformed PAX")),
        (
            "folder with content",
            ended(&[raw(b"d/", b'5', |h| size(h, b"00000001000")), plain("hidden")]),
            Refused("has content"),
        ),
        (
            "symlink with content",
            ended(&[
                raw(b"s", b'2', |h| {
                    size(h, b"00000001000");
                    h[157] = b'x'
                }),
                plain("x"),
            ]),
            Refused("has content"),
        ),
        ("negative size", ended(&[raw(b"f", b'0', |h| size(h, &[0xff; 12]))]), Refused("size")),
        ("size that is no number", ended(&[raw(b"f", b'0', |h| size(h, b"0000000zzzz"))]), Refused("size")),
        (
            "huge size",
            ended(&[raw(b"f", b'0', |h| size(h, &[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))]),
            Fails,
        ),
        ("unknown type", ended(&[raw(b"f", b'M', |_| {})]), Refused("unknown type")),
        ("symlink without a target", ended(&[raw(b"s", b'2', |_| {})]), Refused("no target")),
        ("owner out of range", ended(&[pax(&[record("uid", "4294967296")]), plain("f")]), Refused("uid")),
        ("owner minus one", ended(&[pax(&[record("uid", "4294967295")]), plain("f")]), Refused("uid")),
        ("ends after a PAX header", ended(&[pax(&[record("path", "a")])]), Refused("extended header")),
        ("cut in a header", plain("f")[..300].to_vec(), Refused("middle of a header")),
        ("cut in a file", raw(b"f", b'0', |h| size(h, b"00000001000")), Fails),
        ("not an archive", vec![b'x'; 4096], Refused("checksum")),
        ("nothing", Vec::new(), Makes(&[])),
    ]
}

/// Marks that would steer overlayfs, and whiteouts of what is not theirs.
fn overlay() -> Vec<Case> {
    vec![
        ("device 0:0", archive(&[(character("c"), b"")]), Refused("0:0")),
        ("device 0:0 linked", archive(&[(file(".wh.a"), b""), (hard_link("h", "a"), b"")]), Fails),
        ("opaque attribute", archive(&[(xattr("d", "trusted.overlay.opaque"), b"")]), Makes(&["d"])),
        ("redirect attribute", archive(&[(xattr("d", "trusted.overlay.redirect"), b"")]), Makes(&["d"])),
        ("user overlay attribute", archive(&[(xattr("d", "user.overlay.opaque"), b"")]), Makes(&["d"])),
        ("whiteout of nothing", archive(&[(file(".wh."), b"")]), Refused("whiteout of no file")),
        ("whiteout of the folder", archive(&[(file("d/.wh.."), b"")]), Refused("whiteout of no file")),
        ("whiteout of the parent", archive(&[(file("d/.wh..."), b"")]), Refused("whiteout of no file")),
        ("whiteout of a whiteout", archive(&[(file(".wh..wh.x"), b"")]), Makes(&[])),
        ("whiteout of this layer's file", archive(&[(file("f"), b"x"), (file(".wh.f"), b"")]), Makes(&["f"])),
        ("below a whiteout", archive(&[(file(".wh.d"), b""), (file("d/f"), b"")]), Fails),
    ]
}

/// Archives that want more than they should get.
fn bombs() -> Vec<Case> {
    let limit = usize::try_from(METADATA_LIMIT).unwrap();
    let header = |kind: u8| raw(b"ext", kind, |h| size(h, b"10000000000"));
    let map = |text: &str| {
        let records =
            [record("GNU.sparse.major", "1"), record("GNU.sparse.minor", "0"), record("GNU.sparse.realsize", "9")];
        let mut data = text.as_bytes().to_vec();
        data.resize(512, 0);
        let length = format!("{:011o}", data.len());
        ended(&[extended(b'x', &records.concat()), raw(b"f", b'0', |h| size(h, length.as_bytes())), data])
    };
    vec![
        ("1 GB of records", header(b'x'), Refused("extended headers over")),
        ("1 GB of name", header(b'L'), Refused("extended headers over")),
        ("1 GB of link", header(b'K'), Refused("extended headers over")),
        ("1 GB of global records", header(b'g'), Refused("extended headers over")),
        ("records just over", ended(&[extended(b'x', &vec![0; limit + 1])]), Refused("extended headers over")),
        ("sparse map without end", map("999999999\n1\n"), Fails),
        ("sparse map past the file", map("1\n5\n5\n"), Refused("sparse")),
        ("sparse map backwards", map("2\n5\n1\n0\n1\n"), Refused("sparse")),
        ("sparse map that overflows", map("1\n18446744073709551615\n2\n"), Refused("sparse")),
        ("sparse map that is not stored", map("1\n0\n9\n"), Refused("sparse")),
        ("more members than allowed", archive(&vec![(folder("d"), &b""[..]); 1001]), Refused("more than 1000 members")),
        ("more bytes than allowed", archive(&[(file("f"), &[1; 70_000])]), Refused("more than 65536 bytes")),
    ]
}

fn corpus(outside: &str) -> Vec<Case> {
    let mut cases = traversal(outside);
    cases.extend(ambiguous());
    cases.extend(overlay());
    cases.extend(bombs());
    cases
}

fn limited() -> Options<'static> {
    Options { limits: Limits { members: 1000, bytes: Some(65536) }, ..Options::layer() }
}

/// Descriptors are counted, so the tests of this file run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A canary tree, and its listing.
fn outside(dir: &Path) -> (PathBuf, BTreeMap<PathBuf, String>) {
    let outside = dir.join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("canary"), "sings").unwrap();
    let listing = tree(&outside);
    (outside, listing)
}

#[test]
fn no_archive_of_the_corpus_leaves_its_root() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (outside, before) = outside(dir.path());
    let files = open_files();
    for (n, (name, data, expect)) in corpus(outside.to_str().unwrap()).into_iter().enumerate() {
        let top = dir.path().join(n.to_string());
        fs::create_dir(&top).unwrap();
        let result = unpack(&Root::open(&top).unwrap(), &data[..], &limited());
        assert_eq!(tree(&outside), before, "{name}: the canary changed");
        check(name, &top, result.map(drop), &expect);
        fs::remove_dir_all(&top).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{name}: something was put beside the root");
    }
    assert_eq!(open_files(), files, "descriptors stay open");
}

fn check(name: &str, top: &Path, result: Result<(), Error>, expect: &Expect) {
    match (result, expect) {
        (Err(error), Refused(text)) => assert!(error.to_string().contains(text), "{name}: {error}"),
        (Err(_), Fails) => {}
        (Ok(()), Makes(["*"])) => {}
        (Ok(()), Makes(paths)) => {
            let found = tree(top);
            let found: Vec<_> = found.keys().filter_map(|p| p.to_str()).filter(|p| !p.is_empty()).collect();
            assert_eq!(found, *paths, "{name}");
            let steered = ["trusted.overlay.opaque", "trusted.overlay.redirect", "user.overlay.opaque"];
            for (path, attribute) in paths.iter().flat_map(|p| steered.map(|a| (p, a))) {
                let got = rustix::fs::lgetxattr(top.join(path), attribute, &mut [0; 8][..]);
                assert!(got.is_err(), "{name}: {path} has {attribute}");
            }
        }
        (Ok(()), _) => panic!("{name}: it was unpacked"),
        (Err(error), Makes(_)) => panic!("{name}: {error:?}"),
    }
}

/// Row 57: a great many marks of one folder take linear time: what looked at all earlier ones again would not come to an end.
#[test]
fn opaque_marks_without_end_are_linear() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mark = archive(&[(file("d/.wh..wh..opq"), b"")]);
    let source = Repeat { block: mark[..512].to_vec(), left: 200_000, at: 0 };
    let done = unpack(&Root::open(dir.path()).unwrap(), source, &Options::layer()).unwrap();
    assert_eq!(done.members, 200_000);
    let mark = rustix::fs::lgetxattr(dir.path().join("d"), "trusted.overlay.opaque", &mut [0; 8][..]);
    assert_eq!(mark, Ok(1));
}

/// The same block again and again.
struct Repeat {
    block: Vec<u8>,
    left: u64,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let n = buffer.len().min(self.block.len() - self.at);
        buffer[..n].copy_from_slice(&self.block[self.at..self.at + n]);
        self.at = (self.at + n) % self.block.len();
        self.left -= u64::from(self.at == 0);
        Ok(n)
    }
}

/// Row 59: zeros, a thousand times as many as the gzip has bytes, are refused by the limit.
#[test]
fn a_gzip_bomb_meets_the_limit() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut member = file("zeros");
    member.size = 64 << 20;
    let mut writer = Writer::new(&mut gzip);
    writer.append(&member, io::repeat(0)).unwrap();
    writer.finish().unwrap();
    gzip.flush().unwrap();
    let data = gzip.finish().unwrap();
    let refused = unpack(&Root::open(dir.path()).unwrap(), decompress(&data[..]).unwrap(), &limited());
    assert!(matches!(refused, Err(Error::Limit { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "it is refused before it is written");
}

/// Row 60: damaged archives leave no descriptor open.
#[test]
fn thousands_of_damaged_archives_leak_nothing() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let good = archive(&[(folder("a"), b""), (file("a/b"), &[7; 3000]), (symlink("s", "a"), b""), (file("s/c"), b"x")]);
    let files = open_files();
    let mut random = 1u32;
    for _ in 0..3000 {
        let mut data = good.clone();
        for _ in 0..3 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = random as usize % data.len();
            data[at] = (random >> 16) as u8;
        }
        data.truncate(random as usize % good.len() + 1);
        let top = dir.path().join("top");
        fs::create_dir(&top).unwrap();
        let _ = unpack(&Root::open(&top).unwrap(), &data[..], &limited());
        fs::remove_dir_all(&top).unwrap();
    }
    assert_eq!(open_files(), files);
}

/// Onto a live folder whiteouts are files, and kinds can be kept.
#[test]
fn a_live_folder_has_its_own_rules() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path()).unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("f"), "").unwrap();
    let options = Options { keep_kinds: true, owner: Some((5, 6)), ..Options::live() };
    let refused = unpack(&root, &archive(&[(file("d"), b"")])[..], &options).unwrap_err();
    assert_eq!(refused.to_string(), "cannot overwrite directory d with non-directory");
    let refused = unpack(&root, &archive(&[(folder("f"), b"")])[..], &options).unwrap_err();
    assert_eq!(refused.to_string(), "cannot overwrite non-directory f with directory");
    unpack(&root, &archive(&[(file("new/.wh.x"), b"data")])[..], &options).unwrap();
    // Put into a folder, a symlink there still means what it means in the whole root.
    std::os::unix::fs::symlink("/new", dir.path().join("d/l")).unwrap();
    let into = Options { at: Path::new("d"), ..Options::live() };
    unpack(&root, &archive(&[(file("l/y"), b""), (file("z"), b""), (hard_link("h", "z"), b"")])[..], &into).unwrap();
    assert!(dir.path().join("new/y").exists() && dir.path().join("d/z").exists() && dir.path().join("d/h").exists());
    use std::os::unix::fs::MetadataExt as _;
    for path in ["new", "new/.wh.x"] {
        let meta = dir.path().join(path).metadata().unwrap();
        assert_eq!((meta.uid(), meta.gid()), (5, 6), "{path}");
    }
}
