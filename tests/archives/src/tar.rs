//! Archives byte by byte (POSIX ustar, GNU and PAX extensions), right or wrong as the caller wants.

/// The unit of the format.
pub const BLOCK: usize = 512;

/// Where the fields of a header are.
pub mod at {
    use std::ops::Range;

    /// Name.
    pub const NAME: Range<usize> = 0..100;
    /// Mode.
    pub const MODE: Range<usize> = 100..108;
    /// Owner.
    pub const UID: Range<usize> = 108..116;
    /// Group.
    pub const GID: Range<usize> = 116..124;
    /// Size.
    pub const SIZE: Range<usize> = 124..136;
    /// Time of the last change.
    pub const MTIME: Range<usize> = 136..148;
    /// Checksum.
    pub const CHECKSUM: Range<usize> = 148..156;
    /// Target of a link.
    pub const LINK: Range<usize> = 157..257;
    /// Which format.
    pub const MAGIC: Range<usize> = 257..265;
    /// A device's major number.
    pub const MAJOR: Range<usize> = 329..337;
    /// A device's minor number.
    pub const MINOR: Range<usize> = 337..345;
    /// What stands before the name in ustar.
    pub const PREFIX: Range<usize> = 345..500;
}

/// A header block in the making.
pub struct Header([u8; BLOCK]);

impl Header {
    /// One of ustar: root's, mode 0644, from the epoch.
    pub fn new(name: impl AsRef<[u8]>, kind: u8) -> Self {
        let mut header = Self([0; BLOCK]);
        header.0[156] = kind;
        header
            .set(at::NAME, name)
            .set(at::MODE, "0000644\0")
            .set(at::UID, "0000000\0")
            .set(at::GID, "0000000\0")
            .set(at::SIZE, "00000000000\0")
            .set(at::MTIME, "00000000000\0")
            .set(at::MAGIC, "ustar\x0000")
            .set(at::MAJOR, "0000000\0")
            .set(at::MINOR, "0000000\0")
    }

    /// Puts bytes into a field; the rest of it stays.
    pub fn set(mut self, field: std::ops::Range<usize>, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        assert!(value.len() <= field.len(), "{} bytes for a field of {}", value.len(), field.len());
        self.0[field.start..field.start + value.len()].copy_from_slice(value);
        self
    }

    /// Its size, in octal.
    pub fn size(self, size: usize) -> Self {
        self.set(at::SIZE, format!("{size:011o}"))
    }

    /// The block, with its right checksum.
    pub fn done(mut self) -> Vec<u8> {
        self.0[at::CHECKSUM].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.set(at::CHECKSUM, format!("{sum:06o}\0 ")).raw()
    }

    /// The block as it is.
    pub fn raw(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// A header and this content, padded.
pub fn with_content(header: Header, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut data = header.size(content.len()).done();
    data.extend_from_slice(content);
    data.resize(data.len().next_multiple_of(BLOCK), 0);
    data
}

/// A file that says `pwned`.
pub fn file(name: impl AsRef<[u8]>) -> Vec<u8> {
    with_content(Header::new(name, b'0'), "pwned")
}

/// A folder.
pub fn folder(name: impl AsRef<[u8]>) -> Vec<u8> {
    Header::new(name, b'5').set(at::MODE, "0000755").done()
}

/// A symbolic link.
pub fn symlink(name: &str, target: &str) -> Vec<u8> {
    link(name, target, b'2')
}

/// A hard link.
pub fn hard_link(name: &str, target: &str) -> Vec<u8> {
    link(name, target, b'1')
}

/// A link, by GNU's long form where the target needs it.
fn link(name: &str, target: &str, kind: u8) -> Vec<u8> {
    if target.len() <= at::LINK.len() {
        return Header::new(name, kind).set(at::LINK, target).done();
    }
    [long_link(target), Header::new(name, kind).set(at::LINK, "x").done()].concat()
}

/// A character device.
pub fn character(name: &str, major: u32, minor: u32) -> Vec<u8> {
    let numbers = |header: Header| header.set(at::MAJOR, format!("{major:07o}")).set(at::MINOR, format!("{minor:07o}"));
    numbers(Header::new(name, b'3')).done()
}

/// A FIFO.
pub fn fifo(name: &str) -> Vec<u8> {
    Header::new(name, b'6').done()
}

/// GNU's long name for the member that follows.
pub fn long_name(name: impl AsRef<[u8]>) -> Vec<u8> {
    with_content(Header::new("././@LongLink", b'L'), [name.as_ref(), b"\0"].concat())
}

/// GNU's long target for the member that follows.
pub fn long_link(target: impl AsRef<[u8]>) -> Vec<u8> {
    with_content(Header::new("././@LongLink", b'K'), [target.as_ref(), b"\0"].concat())
}

/// A PAX record, its length right.
pub fn record(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    let (key, value) = (key.as_ref(), value.as_ref());
    let rest = key.len() + value.len() + 3;
    let length = (rest + 1..).find(|n| rest + n.to_string().len() == *n).expect("a record has a length");
    [format!("{length} ").as_bytes(), key, b"=", value, b"\n"].concat()
}

/// A PAX header of these records for the member that follows.
pub fn pax(records: &[Vec<u8>]) -> Vec<u8> {
    with_content(Header::new("PaxHeaders/x", b'x'), records.concat())
}

/// A PAX header for all members that follow.
pub fn global(records: &[Vec<u8>]) -> Vec<u8> {
    with_content(Header::new("PaxHeaders/g", b'g'), records.concat())
}

/// An archive of these members, ended.
pub fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    let mut data = members.concat();
    data.resize(data.len() + 2 * BLOCK, 0);
    data
}
