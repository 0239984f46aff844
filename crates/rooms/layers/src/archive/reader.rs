//! Reading an archive, one member after the other.

use std::ffi::OsString;
use std::io::{self, Read, Seek};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use knarr_sys::path::Time;
use tar::Header;

use super::pax::Records;
use super::sparse::{self, PaxSparse};
use super::{BLOCK, Kind, METADATA_LIMIT, Member, PADDING_LIMIT, RECORDS_LIMIT, Segment, number};
use crate::error::{Error, Result};

/// Sizes from here on do not fit an octal header field.
const OCTAL_SIZE_LIMIT: u64 = 1 << 33;

/// Reads members from an uncompressed archive. Between two calls of [`Reader::next_member`] it reads the content of the
/// member last returned; what was not read is skipped.
pub struct Reader<R> {
    source: R,
    /// Bytes of content left of the current member.
    left: u64,
    /// Bytes of padding after it.
    padding: u64,
    /// Bytes of extended headers so far.
    records: u64,
    ended: bool,
}

/// What stood before a member's own header.
#[derive(Default)]
struct Prefix {
    records: Option<Records>,
    long_name: Option<PathBuf>,
    long_link: Option<PathBuf>,
    /// Bytes of all of it.
    bytes: u64,
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.source.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends in the middle of a file"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Where in the source the current member's content begins; it is passed over without being read.
    pub fn pass_over(&mut self) -> Result<u64> {
        let distance = i64::try_from(self.left.saturating_add(self.padding));
        let distance = distance.map_err(|_| Error::archive("it ends in the middle of a member"))?;
        let step = || Error::io("skip to the archive's next member");
        let place = self.source.stream_position().map_err(step())?;
        self.source.seek_relative(distance).map_err(step())?;
        (self.left, self.padding) = (0, 0);
        Ok(place)
    }
}

impl<R: Read> Reader<R> {
    /// Starts at the first header.
    pub fn new(source: R) -> Self {
        Self { source, left: 0, padding: 0, records: 0, ended: false }
    }

    /// The next member, none at the end of the archive.
    pub fn next_member(&mut self) -> Result<Option<Member>> {
        let mut prefix = Prefix::default();
        loop {
            let Some(header) = self.header()? else {
                return if prefix.bytes == 0 {
                    Ok(None)
                } else {
                    Err(Error::archive("it ends after an extended header"))
                };
            };
            match kind_byte(&header) {
                b'x' => self.take_records(&mut prefix)?,
                b'g' => self.take_global(&mut prefix)?,
                b'L' => self.take_long(&mut prefix, false)?,
                b'K' => self.take_long(&mut prefix, true)?,
                _ => return self.member(&header, prefix).map(Some),
            }
        }
    }

    /// Reads what follows the archive's end, so that a digest over the source covers all of it.
    pub fn drain(mut self) -> Result<R> {
        let rest = io::copy(&mut (&mut self.source).take(PADDING_LIMIT + 1), &mut io::sink());
        if rest.map_err(Error::io("read the end of the archive"))? > PADDING_LIMIT {
            return Err(Error::Limit { reason: format!("more than {PADDING_LIMIT} bytes behind its end") });
        }
        Ok(self.source)
    }

    /// The next header block, its checksum verified; none at the end.
    fn header(&mut self) -> Result<Option<Header>> {
        if self.ended {
            return Ok(None);
        }
        self.skip()?;
        let mut header = Header::new_old();
        if !self.block(header.as_mut_bytes())? || header.as_bytes().iter().all(|b| *b == 0) {
            self.ended = true;
            return Ok(None);
        }
        let sum = number::parse(&header.as_old().cksum);
        if sum != Some(checksum(header.as_bytes())) {
            return Err(Error::archive("a header's checksum is wrong"));
        }
        let size = field("size", &header.as_old().size, &header)?;
        self.expect(size);
        Ok(Some(header))
    }

    /// Sets how much content follows.
    fn expect(&mut self, size: u64) {
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    /// Skips what is left of the current member. The padding of the last one may be missing, as in what docker's client sends for a
    /// Dockerfile outside its context: nothing of the content is.
    fn skip(&mut self) -> Result<()> {
        let content = self.left;
        let all = content.saturating_add(self.padding);
        let skipped = io::copy(&mut (&mut self.source).take(all), &mut io::sink());
        let skipped = skipped.map_err(Error::io("skip to the archive's next member"))?;
        (self.left, self.padding) = (0, 0);
        if skipped < content { Err(Error::archive("it ends in the middle of a member")) } else { Ok(()) }
    }

    /// Fills one block; false at a clean end of the source.
    fn block(&mut self, block: &mut [u8; BLOCK]) -> Result<bool> {
        let mut filled = 0;
        while filled < BLOCK {
            match self.source.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(Error::archive("it ends in the middle of a header")),
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::io("read the archive")(e)),
            }
        }
        Ok(true)
    }

    /// The whole content of an extended header.
    fn metadata(&mut self, prefix: &mut Prefix) -> Result<Vec<u8>> {
        prefix.bytes = prefix.bytes.saturating_add(self.left).saturating_add(1);
        if prefix.bytes > METADATA_LIMIT {
            return Err(Error::Limit { reason: format!("extended headers over {METADATA_LIMIT} bytes") });
        }
        self.records += self.left.max(BLOCK as u64);
        if self.records > RECORDS_LIMIT {
            return Err(Error::Limit { reason: format!("extended headers over {RECORDS_LIMIT} bytes in all") });
        }
        let mut data = Vec::new();
        self.read_to_end(&mut data).map_err(Error::io("read an extended header"))?;
        Ok(data)
    }

    fn take_records(&mut self, prefix: &mut Prefix) -> Result<()> {
        let records = Records::parse(&self.metadata(prefix)?)?;
        if prefix.records.replace(records).is_some() {
            return Err(Error::archive("two extended headers for one member"));
        }
        Ok(())
    }

    /// A global header may carry comments; one that renames or resizes members is refused.
    fn take_global(&mut self, prefix: &mut Prefix) -> Result<()> {
        if Records::parse(&self.metadata(prefix)?)?.touches_members() {
            return Err(Error::archive("a global header that names or sizes members"));
        }
        prefix.bytes = 0;
        Ok(())
    }

    fn take_long(&mut self, prefix: &mut Prefix, link: bool) -> Result<()> {
        let name = terminated(&self.metadata(prefix)?)?;
        let slot = if link { &mut prefix.long_link } else { &mut prefix.long_name };
        if slot.replace(name).is_some() {
            return Err(Error::archive("two long names for one member"));
        }
        Ok(())
    }

    /// Puts a member together and leaves the reader at its content.
    fn member(&mut self, header: &Header, prefix: Prefix) -> Result<Member> {
        let records = prefix.records.unwrap_or_default();
        let old = header.as_old();
        let sparse = PaxSparse::parse(&records.sparse)?;
        let gnu_name = sparse.as_ref().and_then(|s| s.name.clone().map(PathBuf::from));
        let own_name = || to_path(&header.path_bytes());
        let path = name(gnu_name.or(records.path), prefix.long_name, own_name)?;
        let own_link = || to_path(&header.link_name_bytes().unwrap_or_default());
        let link = || name(records.link, prefix.long_link, own_link);
        let stored = stored_size(records.size, self.left, &path)?;
        let mut member = Member {
            kind: kind(header, &path, link)?,
            mode: u32::try_from(field("mode", &old.mode, header)? & 0o7777).unwrap_or_default(),
            uid: id(records.uid, "uid", &old.uid, header)?,
            gid: id(records.gid, "gid", &old.gid, header)?,
            modified: modified(records.modified, &old.mtime, header)?,
            size: stored,
            sparse: None,
            xattrs: records.xattrs,
            path,
        };
        self.expect(stored);
        self.check_content(&mut member, header, sparse)?;
        Ok(member)
    }

    /// Only files have content; a sparse file has a map.
    fn check_content(&mut self, member: &mut Member, header: &Header, sparse: Option<PaxSparse>) -> Result<()> {
        let old_sparse = kind_byte(header) == b'S';
        if member.kind != Kind::File {
            let plain = member.size == 0 && sparse.is_none() && !old_sparse;
            return if plain { Ok(()) } else { Err(Error::archive(format!("{} has content", member.path.display()))) };
        }
        let (size, segments) = match (sparse, old_sparse) {
            (None, false) => return Ok(()),
            (Some(_), true) => return Err(Error::archive("two sparse maps for one file")),
            (Some(PaxSparse { size, map: Some(map), .. }), false) => (size, map),
            (Some(PaxSparse { size, map: None, .. }), false) => (size, self.leading_map()?),
            (None, true) => self.old_gnu_map(header)?,
        };
        sparse::check(&segments, size, self.left)?;
        member.size = size;
        member.sparse = Some(segments);
        Ok(())
    }

    fn leading_map(&mut self) -> Result<Vec<Segment>> {
        let (segments, taken) = sparse::read_map(&mut self.source)?;
        self.left = self.left.checked_sub(taken).ok_or_else(|| Error::archive("malformed sparse map"))?;
        Ok(segments)
    }

    /// Four pairs in the header, 21 in each block that follows it.
    fn old_gnu_map(&mut self, header: &Header) -> Result<(u64, Vec<Segment>)> {
        let bytes = header.as_bytes();
        let mut segments = Vec::new();
        sparse::old_gnu_map(&bytes[386..482], &mut segments)?;
        let mut more = bytes[482] != 0;
        let mut taken = 0;
        while more {
            let mut block = [0; BLOCK];
            taken += BLOCK as u64;
            if taken > METADATA_LIMIT || !self.block(&mut block)? {
                return Err(Error::archive("malformed sparse map"));
            }
            sparse::old_gnu_map(&block[..504], &mut segments)?;
            more = block[504] != 0;
        }
        Ok((field("size", &bytes[483..495], header)?, segments))
    }
}

/// The header's `typeflag`, as it stands there: [`Header::entry_type`] takes the old 0 for `0`.
fn kind_byte(header: &Header) -> u8 {
    header.as_old().linkflag[0]
}

/// The sum of all bytes with the checksum's own field as spaces.
fn checksum(block: &[u8; BLOCK]) -> i64 {
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    let own: u32 = block[148..156].iter().map(|b| u32::from(*b)).sum();
    i64::from(sum - own + 8 * u32::from(b' '))
}

/// A number that must not be negative.
fn field(what: &str, bytes: &[u8], header: &Header) -> Result<u64> {
    let value = number::parse(bytes).and_then(|n| u64::try_from(n).ok());
    value.ok_or_else(|| {
        Error::archive(format!("{:?} has a malformed {what}", String::from_utf8_lossy(&header.path_bytes())))
    })
}

fn id(record: Option<u32>, what: &str, bytes: &[u8], header: &Header) -> Result<u32> {
    let value = match record {
        Some(id) => return Ok(id),
        None => field(what, bytes, header)?,
    };
    let id = u32::try_from(value).ok().filter(|id| *id != u32::MAX);
    id.ok_or_else(|| Error::archive(format!("{what} {value} is out of range")))
}

fn modified(record: Option<Time>, bytes: &[u8], header: &Header) -> Result<Time> {
    let seconds = match record {
        Some(time) => return Ok(time),
        None => number::parse(bytes),
    };
    let bad = || Error::archive(format!("{:?} has a malformed time", String::from_utf8_lossy(&header.path_bytes())));
    Ok(Time { seconds: seconds.ok_or_else(bad)?, nanoseconds: 0 })
}

/// A `size` record overrides the header's size only where that could not have held it.
fn stored_size(record: Option<u64>, header: u64, path: &std::path::Path) -> Result<u64> {
    match record {
        Some(size) if size != header && size < OCTAL_SIZE_LIMIT => {
            Err(Error::archive(format!("{} has two sizes, {header} and {size}", path.display())))
        }
        Some(size) => Ok(size),
        None => Ok(header),
    }
}

/// One name from the three places where it may stand; two that differ are ambiguous.
fn name(record: Option<PathBuf>, long: Option<PathBuf>, own: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    match (record, long) {
        (Some(record), Some(long)) if record != long => {
            Err(Error::archive(format!("two names for one member, {} and {}", record.display(), long.display())))
        }
        (Some(name), _) | (None, Some(name)) => Ok(name),
        (None, None) => own(),
    }
}

fn to_path(bytes: &[u8]) -> Result<PathBuf> {
    if bytes.contains(&0) {
        return Err(Error::archive("a name with a NUL byte"));
    }
    Ok(OsString::from_vec(bytes.to_vec()).into())
}

/// A long name, ended by one NUL.
fn terminated(data: &[u8]) -> Result<PathBuf> {
    to_path(data.strip_suffix(b"\0").unwrap_or(data))
}

fn kind(header: &Header, path: &std::path::Path, link: impl FnOnce() -> Result<PathBuf>) -> Result<Kind> {
    let bytes = header.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        let value = field("device number", &bytes[range], header)?;
        u32::try_from(value).map_err(|_| Error::archive("a device number is out of range"))
    };
    let target = |link: PathBuf| {
        let empty = link.as_os_str().is_empty();
        if empty { Err(Error::archive(format!("link {} has no target", path.display()))) } else { Ok(link) }
    };
    Ok(match kind_byte(header) {
        b'0' | b'7' | b'S' => Kind::File,
        // Before ustar a folder was a file whose name ends in a slash.
        0 if path.as_os_str().as_encoded_bytes().ends_with(b"/") => Kind::Folder,
        0 => Kind::File,
        b'1' => Kind::HardLink(target(link()?)?),
        b'2' => Kind::Symlink(target(link()?)?),
        b'3' => Kind::Character { major: number(329..337)?, minor: number(337..345)? },
        b'4' => Kind::Block { major: number(329..337)?, minor: number(337..345)? },
        b'5' => Kind::Folder,
        b'6' => Kind::Fifo,
        other => {
            let reason = format!("{} has the unknown type {:?}", path.display(), char::from(other));
            return Err(Error::archive(reason));
        }
    })
}
