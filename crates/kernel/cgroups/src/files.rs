//! Reading and writing the one-value files of a hierarchy; every error carries its path.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes a value in one write(2), as the kernel wants it.
pub fn write(file: &Path, value: &str) -> Result<()> {
    let operation = || format!("write {:?} to", value);
    let mut open = OpenOptions::new().write(true).open(file).map_err(|e| Error::io(operation(), file, e))?;
    open.write_all(value.as_bytes()).map_err(|e| Error::io(operation(), file, e))
}

/// A kernel's file has no size to go by; most fit in this, and are read at once.
const PAGE: usize = 4096;

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PAGE);
    File::open(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A name may be any bytes; those that are no text are replaced.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The text of a file.
pub fn read(file: &Path) -> Result<String> {
    read_bytes(file).map(text)
}

/// The bytes of a file.
pub fn read_bytes(file: &Path) -> Result<Vec<u8>> {
    bytes(file).map_err(|e| Error::io("read", file, e))
}

/// The text of a file, none where it does not exist (or its cgroup has just gone).
pub fn read_if_there(file: &Path) -> Result<Option<String>> {
    match bytes(file) {
        Ok(bytes) => Ok(Some(text(bytes))),
        Err(e)
            if e.kind() == ErrorKind::NotFound || e.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error()) =>
        {
            Ok(None)
        }
        Err(e) => Err(Error::io("read", file, e)),
    }
}

/// The folders directly inside, none where it does not exist.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", folder, e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", folder, e))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A folder and all folders below it, itself first.
pub fn tree(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = vec![folder.to_path_buf()];
    let mut next = 0;
    while next < all.len() {
        let inside = folders(&all[next])?;
        all.extend(inside);
        next += 1;
    }
    Ok(all)
}

/// `key value` lines.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.split_once(' ')?;
        Some((key, value.trim().parse().ok()?))
    })
}

/// The value of one key in `key value` lines.
pub fn value_of(text: &str, key: &str) -> Option<u64> {
    pairs(text).find(|(name, _)| *name == key).map(|(_, value)| value)
}
