//! `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)).

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
    pub source: String,
    /// Parameters of the file system, comma-separated.
    pub parameters: String,
}

/// The mount table of a process, `self` or a number.
pub fn read(process: &str) -> Result<Vec<Entry>> {
    let path = format!("/proc/{process}/mountinfo");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", path, e))?;
    Ok(parse(&text))
}

/// The entries of a mount table; lines that are none are left out.
pub fn parse(text: &str) -> Vec<Entry> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Entry> {
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ');
    let mut back = back.split(' ');
    let id = front.next()?.parse().ok()?;
    let parent = front.next()?.parse().ok()?;
    let _device = front.next()?;
    Some(Entry {
        id,
        parent,
        root: unescape(front.next()?).into(),
        mount_point: unescape(front.next()?).into(),
        options: front.next()?.to_owned(),
        tags: front.map(str::to_owned).collect(),
        kind: back.next()?.to_owned(),
        source: unescape(back.next()?),
        parameters: back.next().unwrap_or_default().to_owned(),
    })
}

/// Undoes the kernel's escapes: a backslash and three octal digits for space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = text.to_owned();
    for (escape, byte) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        plain = plain.replace(escape, byte);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let text =
            "36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\nrubbish\n";
        let entries = parse(text);
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].mount_point, PathBuf::from("/a b"));
        assert_eq!(entries[0].tags, ["master:1", "shared:2"]);
        assert_eq!(entries[0].kind, "ext3");
    }

    #[test]
    fn the_own_table_is_read() {
        assert!(read("self").unwrap().iter().any(|entry| entry.mount_point == std::path::Path::new("/")));
    }
}
