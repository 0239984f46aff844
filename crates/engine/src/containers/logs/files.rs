//! The log file and its rotated predecessors.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use knarr_shim_client::LogForm;

use super::form::{Begun, begun, file_name};

/// Bytes that are read at once when looking for the last lines.
const BLOCK: u64 = 64 << 10;

/// All files, the oldest first.
pub(super) fn all(dir: &Path, form: LogForm) -> Vec<PathBuf> {
    let name = file_name(form);
    let rotated = (1..).map(|number| dir.join(format!("{name}.{number}"))).take_while(|path| path.exists());
    let mut files: Vec<PathBuf> = rotated.collect();
    files.reverse();
    files.push(dir.join(name));
    files
}

/// A file and where to begin in it; none where nothing was ever logged.
pub(super) fn start(dir: &Path, form: LogForm, tail: Option<usize>) -> io::Result<Option<(File, u64)>> {
    let files = all(dir, form);
    let Some(wanted) = tail else { return open_first(&files) };
    let mut missing = wanted;
    let mut earliest = None;
    for path in files.iter().rev() {
        let Some(file) = open(path)? else { break };
        let (offset, found) = match form {
            LogForm::JsonFile => last_lines(&file, missing)?,
            LogForm::Local => last_records(&file, missing)?,
        };
        missing -= found;
        earliest = Some((file, offset));
        if missing == 0 {
            break;
        }
    }
    Ok(earliest)
}

fn open_first(files: &[PathBuf]) -> io::Result<Option<(File, u64)>> {
    for path in files {
        if let Some(file) = open(path)? {
            return Ok(Some((file, 0)));
        }
    }
    Ok(None)
}

/// The file at `path`; none where there is none.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file that was begun after `current` was full; none while it is the newest.
pub(super) fn successor(dir: &Path, form: LogForm, current: &File) -> io::Result<Option<File>> {
    let own = current.metadata()?.ino();
    let files = all(dir, form);
    let at = files.iter().position(|path| path.metadata().is_ok_and(|metadata| metadata.ino() == own));
    match at {
        Some(at) => files.get(at + 1).map_or(Ok(None), |path| open(path)),
        // Rotated away altogether: the oldest that is left follows.
        None => open_first(&files).map(|found| found.map(|(file, _)| file)),
    }
}

/// Where the last `wanted` lines begin, and how many there are.
fn last_lines(file: &File, wanted: usize) -> io::Result<(u64, usize)> {
    let mut file = file;
    let mut end = file.metadata()?.len();
    if wanted == 0 {
        return Ok((end, 0));
    }
    let mut ends = 0;
    let mut block = Vec::new();
    while end > 0 {
        let from = end.saturating_sub(BLOCK);
        block.clear();
        file.seek(SeekFrom::Start(from))?;
        file.take(end - from).read_to_end(&mut block)?;
        for (at, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            ends += 1;
            if ends > wanted {
                return Ok((from + at as u64 + 1, wanted));
            }
        }
        end = from;
    }
    Ok((0, ends))
}

/// The same of records that have a length and no end of their own: all of them are gone through.
fn last_records(mut file: &File, wanted: usize) -> io::Result<(u64, usize)> {
    let (mut begins, mut at, mut rest) = (VecDeque::new(), 0, Vec::new());
    file.rewind()?;
    while file.take(BLOCK).read_to_end(&mut rest)? > 0 {
        let mut from = 0;
        while let Begun::Whole(length) = begun(LogForm::Local, &rest[from..]) {
            begins.push_back(at);
            if begins.len() > wanted {
                begins.pop_front();
            }
            (at, from) = (at + length as u64, from + length);
        }
        rest.drain(..from);
    }
    Ok((begins.front().copied().unwrap_or(at), begins.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_found_across_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("json.log.1"), "a\nb\n").unwrap();
        std::fs::write(dir.path().join("json.log"), "c\nd\n").unwrap();
        let read = |tail| {
            let (mut file, offset) = start(dir.path(), LogForm::JsonFile, tail).unwrap().unwrap();
            file.seek(SeekFrom::Start(offset)).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read(Some(0)), "");
        assert_eq!(read(Some(1)), "d\n");
        assert_eq!(read(Some(2)), "c\nd\n");
        assert_eq!(read(Some(3)), "b\n");
        assert_eq!(read(None), "a\nb\n");
    }
}
