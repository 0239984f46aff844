//! Archives that want more than they should get (flaw rows 57, 59, 60): time, memory, disk, descriptors.

use std::fs;
use std::io::{self, Read};

use knarr_hostile_archives::tar;
use knarr_layers::{Error, Layers, Limits, Options, decompress, unpack};
use knarr_model::Digest;
use knarr_sys::path::Root;

use super::memory::{MEMORY, rise};
use super::{alone, in_memory, open_files};

/// The same bytes again and again, so many times.
struct Repeat {
    bytes: Vec<u8>,
    left: u64,
    at: usize,
}

impl Repeat {
    fn new(bytes: Vec<u8>, times: u64) -> Self {
        Self { bytes, left: times, at: 0 }
    }
}

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let n = buffer.len().min(self.bytes.len() - self.at);
        buffer[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at = (self.at + n) % self.bytes.len();
        self.left -= u64::from(self.at == 0);
        Ok(n)
    }
}

/// Unpacks into a folder of its own.
fn attempt(source: impl Read, options: &Options<'_>) -> Result<knarr_layers::Unpacked, Error> {
    let dir = in_memory();
    unpack(&Root::open(dir.path()).unwrap(), source, options)
}

fn limited(members: u64, bytes: u64) -> Options<'static> {
    Options { limits: Limits { members, bytes: Some(bytes) }, ..Options::layer() }
}

/// Row 57: a million marks of one folder. What looked at all earlier ones again would not come to an end, and what
/// remembered them would grow.
#[test]
fn a_million_opaque_marks_are_linear() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path()).unwrap();
    let source = Repeat::new(tar::Header::new("d/.wh..wh..opq", b'0').done(), 1_000_000);
    let (done, rise) = rise(|| unpack(&root, source, &Options::layer()).unwrap());
    assert_eq!(done.members, 1_000_000);
    assert!(rise < MEMORY, "{rise} bytes");
    let mark = rustix::fs::lgetxattr(dir.path().join("d"), "trusted.overlay.opaque", &mut [0; 8][..]);
    assert_eq!(mark, Ok(1));
}

/// Row 57: whiteouts of twenty thousand names, each of them twice.
#[test]
fn whiteouts_of_many_names_are_linear() {
    let _alone = alone();
    let names = (0..20_000).map(|n| tar::Header::new(format!("d{}/.wh.{n}", n % 100), b'0').done());
    let all: Vec<u8> = names.flatten().collect();
    let (done, rise) = rise(|| attempt(Repeat::new(all, 2), &Options::layer()).unwrap());
    assert_eq!(done.members, 40_000);
    assert!(rise < MEMORY, "{rise} bytes");
}

/// Row 59: an archive that goes on for ever ends at its number of members.
#[test]
fn members_without_end_meet_the_limit() {
    let _alone = alone();
    let refused = attempt(Repeat::new(tar::folder("d/"), u64::MAX), &limited(1000, 1 << 16)).unwrap_err();
    assert_eq!(refused.to_string(), "archive is too large: more than 1000 members");
}

/// Row 59: zeros, a thousand times as many as the gzip has bytes, are refused by the limit before they are written.
#[test]
fn a_gzip_bomb_meets_the_limit() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let file = tar::Header::new("zeros", b'0').size(1 << 30).done();
    let source = file.as_slice().chain(io::repeat(0)).take((1 << 30) + 512);
    let mut bomb = flate2::read::GzEncoder::new(source, flate2::Compression::fast());
    let refused = unpack(&Root::open(dir.path()).unwrap(), decompress(&mut bomb).unwrap(), &limited(1000, 1 << 16));
    assert!(matches!(refused, Err(Error::Limit { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "it is refused before it is written");
}

/// Row 59: files and whiteouts of more than any disk has are refused before a byte of them is read; so is what goes on and on behind an
/// archive's end, and headers without end. Without these guards each goes on until the disk is full, or for ever: seen of every one.
#[test]
fn what_no_disk_has_is_refused_at_once() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path()).unwrap();
    // 8 EiB in base 256.
    let endless = |name: &str| tar::Header::new(name, b'0').set(tar::at::SIZE, [0x80, 0, 0, 0, 0x7f]).done();
    let attempt = |member: Vec<u8>, rest: Repeat| unpack(&root, member.chain(rest), &Options::layer()).unwrap_err();
    for name in ["zeros", ".wh.zeros", ".wh..wh.zeros", "d/.wh..wh..opq"] {
        let refused = attempt(endless(name), Repeat::new(vec![0; 4096], u64::MAX));
        assert!(refused.to_string().contains(&format!("bytes of {name}")), "{refused}");
        let Error::Io { source, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull, "{name}");
    }
    assert!(!dir.path().join("zeros").exists());
    let refused = attempt(tar::archive(&[tar::file("f")]), Repeat::new(vec![0; 4096], u64::MAX));
    assert!(matches!(&refused, Error::Limit { reason } if reason.contains("behind its end")), "{refused}");
    let comment = tar::global(&[tar::record("comment", "x".repeat(1_000_000))]);
    let refused = attempt(tar::folder("d/"), Repeat::new(comment, u64::MAX));
    assert!(matches!(&refused, Error::Limit { reason } if reason.contains("in all")), "{refused}");
}

/// Row 59: a terabyte of hole takes no disk, and an endless map or header no memory.
#[test]
fn what_is_announced_takes_no_memory() {
    let _alone = alone();
    let header = |kind: u8, size: &str| tar::Header::new("x", kind).set(tar::at::SIZE, size).done();
    let extended = *b"xgLK";
    for kind in extended {
        let announced = header(kind, "77777777777");
        let source = announced.as_slice().chain(io::repeat(b'1'));
        let (refused, rise) = rise(|| attempt(source, &Options::layer()).unwrap_err());
        assert!(matches!(refused, Error::Limit { .. }), "{refused}");
        assert!(rise < MEMORY, "{}: {rise} bytes", char::from(kind));
    }
    let many = Repeat::new(tar::global(&[tar::record("comment", "x".repeat(500_000))]), 1000);
    let (done, rise) = rise(|| attempt(many, &Options::layer()));
    assert!(done.is_ok() && rise < MEMORY, "{done:?}, {rise} bytes");
}

/// Row 59: the decoders' windows. What asks for more than 64 MiB is refused before it is given (`compression`'s own tests); what it
/// inflates to does not stay.
#[test]
fn what_inflates_takes_no_memory() {
    let _alone = alone();
    let zeros = || io::repeat(0).take(64 << 20);
    let file = tar::Header::new("zeros", b'0').size(64 << 20).done();
    let mut gzip = flate2::read::GzEncoder::new(file.chain(zeros()), flate2::Compression::fast());
    let (done, rise) = rise(|| {
        let mut inflated = decompress(&mut gzip).unwrap();
        io::copy(&mut inflated, &mut io::sink()).unwrap()
    });
    assert_eq!(done, (64 << 20) + 512);
    assert!(rise < MEMORY, "{rise} bytes");
}

/// Row 60: ten thousand damaged layers leave no descriptor and no folder.
#[test]
fn ten_thousand_damaged_layers_leak_nothing() {
    let _alone = alone();
    let dir = in_memory();
    let layers = Layers::open(dir.path()).unwrap();
    let good = tar::archive(&[tar::folder("a/"), tar::file("a/b"), tar::symlink("s", "a"), tar::file("s/c")]);
    let files = open_files();
    for data in damaged(&good).take(10_000) {
        // Where the damage does no harm, the digest is wrong.
        layers.apply(&data[..], None, Some(&Digest::of(&good))).unwrap_err();
    }
    assert_eq!(open_files(), files);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "something stayed of a bad layer");
}

/// A good archive with up to three wrong bytes, and mostly cut: the same sequence each time.
fn damaged(good: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut random = 1u32;
    std::iter::repeat_with(move || {
        let mut data = good.to_vec();
        for _ in 0..3 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (random >> 8) as usize % data.len();
            data[at] = (random >> 24) as u8;
        }
        data.truncate((random >> 4) as usize % (2 * good.len()) + 1);
        data
    })
    .filter(move |data| *data != good)
}
