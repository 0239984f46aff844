//! Streams that inflate to much, ask for much, or are damaged.

use std::io::Write as _;

use crate::tar::{Header, archive, file, with_content};
use crate::{Case, Outcome};

pub(crate) fn all() -> Vec<Case> {
    let plain = archive(&[file("f")]);
    let mut cases = Vec::new();
    for (name, data) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain)), ("bzip2", bzip2(&plain))] {
        cases.push(Case::new(format!("compressed: {name}"), data.clone(), Outcome::makes(&["f"])));
        for part in 1..6 {
            let cut = data[..data.len() * part / 6].to_vec();
            cases.push(Case::new(format!("compressed: {part}/6 of a {name}"), cut, Outcome::Refused("")));
        }
        let mut damaged = data.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 4].fill(0x55);
        cases.push(Case::new(format!("compressed: a {name} with wrong bytes"), damaged, Outcome::Contained));
        let twice = [data.clone(), data].concat();
        cases.push(Case::new(format!("compressed: {name} twice"), twice, Outcome::makes(&["f"])));
    }
    cases.extend(odd(&plain));
    cases
}

fn odd(plain: &[u8]) -> Vec<Case> {
    let mut checksum = gzip(plain);
    let crc = checksum.len() - 8;
    checksum[crc] ^= 1;
    let zeros = archive(&[with_content(Header::new("zeros", b'0'), vec![0; 16 << 20])]);
    // Magic number, a descriptor with neither size nor checksum, a window of 2^(10 + its upper five bits), an empty last block.
    let window = |log: u8| vec![0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 1, 0, 0];
    // Stream header, and a block header that asks for a dictionary of 1.5 GiB.
    let dictionary = *b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01\x25\0\0\0\x3b\x78\x7b\x41";
    let behind = [plain, &vec![0; 17 << 20]].concat();
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], &zstd(plain)[..]].concat();
    vec![
        Case::new("compressed: a gzip with a wrong checksum", checksum, Outcome::Refused("")),
        Case::new("compressed: zeros, a thousand to one", gzip(&zeros), Outcome::makes(&["zeros"])),
        Case::new("compressed: a zstd window of 2 GiB", window(31), Outcome::Refused("memory")),
        Case::new("compressed: a zstd window of 128 MiB", window(27), Outcome::Refused("memory")),
        Case::new("compressed: an xz dictionary of 1.5 GiB", dictionary.to_vec(), Outcome::Refused("memory")),
        Case::new("compressed: zeros without end behind the end", zstd(&behind), Outcome::Refused("too large")),
        Case::new("compressed: a zstd behind a skippable frame", skippable, Outcome::makes(&["f"])),
        Case::new("compressed: gzip in gzip", gzip(&gzip(plain)), Outcome::Refused("")),
        Case::new("compressed: the first bytes of a gzip", vec![0x1f, 0x8b, 8], Outcome::Refused("")),
        Case::new("compressed: the first bytes of an xz", b"\xfd7zXZ\0".to_vec(), Outcome::Refused("")),
        Case::new("compressed: a gzip and rubbish", [gzip(plain), vec![b'x'; 100]].concat(), Outcome::Contained),
    ]
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("memory takes what is written")
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 1).expect("memory takes what is written")
}

fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("memory takes what is written")
}
