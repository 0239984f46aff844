//! `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::{Error, Result};

/// One mount of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Mount id.
    pub id: u64,
    /// Id of the mount that it lies on.
    pub parent: u64,
    /// Which folder of its file system is its root.
    pub root: PathBuf,
    /// Where it is attached.
    pub mount_point: PathBuf,
    /// Attributes, comma-separated.
    pub options: String,
    /// Propagation: `shared:N`, `master:N`, ….
    pub tags: Vec<String>,
    /// File system type.
    pub kind: String,
    /// Device, or what stands for it.
    pub source: OsString,
    /// Parameters of the file system, comma-separated, each with the escapes of its own.
    pub parameters: String,
}

/// The mount table of a process, `self` or a number.
pub fn read(process: &str) -> Result<Vec<Entry>> {
    let path = format!("/proc/{process}/mountinfo");
    let table = std::fs::read(&path).map_err(|e| Error::io("read", path, e))?;
    Ok(parse(&table))
}

/// The entries of a mount table; lines that are none are left out. Paths are any bytes, so a table is.
pub fn parse(table: &[u8]) -> Vec<Entry> {
    table.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fn line(line: &[u8]) -> Option<Entry> {
    const SEPARATOR: &[u8] = b" - ";
    let at = line.windows(SEPARATOR.len()).position(|bytes| bytes == SEPARATOR)?;
    let mut front = line[..at].split(|byte| *byte == b' ');
    let mut back = line[at + SEPARATOR.len()..].split(|byte| *byte == b' ');
    let id = number(front.next()?)?;
    let parent = number(front.next()?)?;
    let _device = front.next()?;
    Some(Entry {
        id,
        parent,
        root: unescape(front.next()?).into(),
        mount_point: Some(PathBuf::from(unescape(front.next()?))).filter(|place| place.is_absolute())?,
        options: text(front.next()?),
        tags: front.map(text).collect(),
        kind: unescape(back.next()?).to_string_lossy().into_owned(),
        source: unescape(back.next()?),
        parameters: text(back.next().unwrap_or_default()),
    })
}

fn number(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Undoes the kernel's escapes: a backslash and three octal digits, for whatever would end a field or a line, and for `#`.
fn unescape(mut bytes: &[u8]) -> OsString {
    let mut plain = Vec::with_capacity(bytes.len());
    while let Some((first, rest)) = bytes.split_first() {
        bytes = match bytes {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            _ => {
                plain.push(*first);
                rest
            }
        };
    }
    OsString::from_vec(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let table = b"36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/\\043root rw,errors=continue\nrubbish\n";
        let entries = parse(table);
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].mount_point, PathBuf::from("/a b"));
        assert_eq!(entries[0].source, "/dev/#root");
        assert_eq!(entries[0].tags, ["master:1", "shared:2"]);
        assert_eq!(entries[0].kind, "ext3");
    }

    #[test]
    fn a_path_that_is_no_text_spoils_nothing() {
        let entries = parse(b"1 0 0:1 / /\xff\\134\r rw - tmpfs tmpfs rw\n2 1 0:2 / /b rw - proc proc rw\n");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].mount_point.as_os_str().as_encoded_bytes(), b"/\xff\\\r");
    }

    #[test]
    fn the_own_table_is_read() {
        assert!(read("self").unwrap().iter().any(|entry| entry.mount_point == std::path::Path::new("/")));
    }
}
