//! Writing an archive: ustar headers, PAX records only where a value does not fit, the same bytes for the same members.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use tar::{EntryType, Header};

use super::{BLOCK, Kind, Member};
use crate::error::{Error, Result};

/// The largest value of an 8-byte octal field.
const OCTAL_7: u64 = 0o777_7777;
/// The largest value of a 12-byte octal field.
const OCTAL_11: u64 = 0o777_7777_7777;

/// Writes members to an uncompressed archive.
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Starts an archive.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Writes a member; `content` must give `member.size` bytes. What is missing, because a live file shrank, becomes zeros.
    pub fn append(&mut self, member: &Member, content: impl Read) -> Result<()> {
        let step = || format!("write {} to the archive", member.path.display());
        self.headers(member).map_err(Error::io(step()))?;
        let copied = io::copy(&mut content.take(member.size), &mut self.out).map_err(Error::io(step()))?;
        let padded = member.size.next_multiple_of(BLOCK as u64);
        io::copy(&mut io::repeat(0).take(padded - copied), &mut self.out).map_err(Error::io(step()))?;
        Ok(())
    }

    /// Writes a member whose content `fill` writes: exactly `member.size` bytes.
    pub fn append_with<E: From<Error>>(
        &mut self,
        member: &Member,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let step = || format!("write {} to the archive", member.path.display());
        self.headers(member).map_err(Error::io(step()))?;
        let mut exact = Exact { out: &mut self.out, left: member.size };
        fill(&mut exact)?;
        if exact.left > 0 {
            return Err(Error::archive(format!("{} is {} bytes too short", member.path.display(), exact.left)).into());
        }
        let padding = member.size.next_multiple_of(BLOCK as u64) - member.size;
        io::copy(&mut io::repeat(0).take(padding), &mut self.out).map_err(Error::io(step()))?;
        Ok(())
    }

    /// Writes a member without content.
    pub fn append_empty(&mut self, member: &Member) -> Result<()> {
        self.append(member, io::empty())
    }

    /// Writes the end marks and gives the output back.
    pub fn finish(mut self) -> Result<W> {
        let step = || Error::io("write the end of the archive");
        self.out.write_all(&[0; 2 * BLOCK]).map_err(step())?;
        self.out.flush().map_err(step())?;
        Ok(self.out)
    }

    fn headers(&mut self, member: &Member) -> io::Result<()> {
        let mut records = Records(Vec::new());
        let header = header(member, &mut records);
        if !records.0.is_empty() {
            self.records(&member.path, &records.0)?;
        }
        self.out.write_all(header.as_bytes())
    }

    fn records(&mut self, path: &Path, data: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::XHeader);
        let last = path.file_name().unwrap_or(OsStr::new("root"));
        fill(&mut header.as_old_mut().name, &[b"PaxHeaders.0/", last.as_bytes()].concat());
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(data.len() as u64);
        header.set_cksum();
        self.out.write_all(header.as_bytes())?;
        self.out.write_all(data)?;
        let padding = data.len().next_multiple_of(BLOCK) - data.len();
        self.out.write_all(&[0; BLOCK][..padding])
    }
}

/// Takes so many bytes and no more.
struct Exact<'a, W> {
    out: &'a mut W,
    left: u64,
}

impl<W: Write> Write for Exact<'_, W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() as u64 > self.left {
            return Err(io::Error::other("content is longer than announced"));
        }
        let written = self.out.write(data)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The ustar header; what does not fit goes to `records`.
fn header(member: &Member, records: &mut Records) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(entry_type(&member.kind));
    let mut path = member.path.as_os_str().as_bytes().to_vec();
    if member.kind == Kind::Folder && path.last() != Some(&b'/') {
        path.push(b'/');
    }
    records.name("path", &path, &mut header.as_old_mut().name);
    if let Kind::HardLink(target) | Kind::Symlink(target) = &member.kind {
        records.name("linkpath", target.as_os_str().as_bytes(), &mut header.as_old_mut().linkname);
    }
    header.set_mode(member.mode);
    header.set_uid(records.number("uid", member.uid.into(), OCTAL_7));
    header.set_gid(records.number("gid", member.gid.into(), OCTAL_7));
    header.set_size(records.number("size", member.size, OCTAL_11));
    header.set_mtime(records.time(member));
    if let Kind::Character { major, minor } | Kind::Block { major, minor } = member.kind {
        // Both fail only for headers that are not ustar.
        let _ = header.set_device_major(major);
        let _ = header.set_device_minor(minor);
    }
    for (name, value) in &member.xattrs {
        records.add(&[b"SCHILY.xattr.", name.as_bytes()].concat(), value);
    }
    header.set_cksum();
    header
}

fn entry_type(kind: &Kind) -> EntryType {
    match kind {
        Kind::File => EntryType::Regular,
        Kind::HardLink(_) => EntryType::Link,
        Kind::Symlink(_) => EntryType::Symlink,
        Kind::Character { .. } => EntryType::Char,
        Kind::Block { .. } => EntryType::Block,
        Kind::Folder => EntryType::Directory,
        Kind::Fifo => EntryType::Fifo,
    }
}

/// Copies as much as fits.
fn fill(field: &mut [u8], value: &[u8]) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
}

/// PAX records of one member.
struct Records(Vec<u8>);

impl Records {
    /// `<length> <key>=<value>\n`, where the length counts its own digits.
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        self.0.extend_from_slice(length.to_string().as_bytes());
        for part in [b" ", key, b"=", value, b"\n"] {
            self.0.extend_from_slice(part);
        }
    }

    fn name(&mut self, key: &str, value: &[u8], field: &mut [u8]) {
        if value.len() > field.len() {
            self.add(key.as_bytes(), value);
        }
        fill(field, value);
    }

    /// What the header field gets: the value, or 0 and a record.
    fn number(&mut self, key: &str, value: u64, most: u64) -> u64 {
        if value <= most {
            return value;
        }
        self.add(key.as_bytes(), value.to_string().as_bytes());
        0
    }

    fn time(&mut self, member: &Member) -> u64 {
        let time = member.modified;
        let whole = u64::try_from(time.seconds).ok().filter(|seconds| *seconds <= OCTAL_11);
        if whole.is_none() || time.nanoseconds != 0 {
            self.add(b"mtime", decimal(time.seconds, time.nanoseconds).as_bytes());
        }
        whole.unwrap_or(0)
    }
}

/// `seconds.nanoseconds` with the sign in front of both, without trailing zeros.
fn decimal(seconds: i64, nanoseconds: u32) -> String {
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    let sign = if total < 0 { "-" } else { "" };
    let (whole, fraction) = (total.abs() / 1_000_000_000, total.abs() % 1_000_000_000);
    let text = format!("{sign}{whole}.{fraction:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Reader;
    use knarr_sys::path::Time;

    #[test]
    fn what_is_written_is_read_back() {
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
        let mut file = Member::new(&long, Kind::File, 0o4755);
        file.size = 700;
        (file.uid, file.gid) = (3_000_000, 5);
        file.modified = Time { seconds: -2, nanoseconds: 500_000_000 };
        file.xattrs = vec![("user.a".into(), b"b\n\0".to_vec())];
        let link = Member::new("l", Kind::HardLink(long.into()), 0o644);
        let device = Member::new("c", Kind::Character { major: 5, minor: 1 }, 0o600);
        let mut writer = Writer::new(Vec::new());
        writer.append(&file, io::repeat(7)).unwrap();
        writer.append_empty(&link).unwrap();
        writer.append_empty(&device).unwrap();
        let data = writer.finish().unwrap();
        let mut reader = Reader::new(&data[..]);
        assert_eq!(reader.next_member().unwrap().unwrap(), file);
        let mut content = Vec::new();
        reader.read_to_end(&mut content).unwrap();
        assert_eq!(content, [7; 700]);
        assert_eq!(reader.next_member().unwrap().unwrap(), link);
        assert_eq!(reader.next_member().unwrap().unwrap(), device);
        assert_eq!(reader.next_member().unwrap(), None);
    }

    #[test]
    fn record_lengths_count_their_own_digits() {
        for size in 1..1200 {
            let mut records = Records(Vec::new());
            records.add(b"k", &vec![b'v'; size]);
            let text = String::from_utf8(records.0.clone()).unwrap();
            assert_eq!(text.split(' ').next().unwrap().parse::<usize>().unwrap(), records.0.len());
        }
    }
}
