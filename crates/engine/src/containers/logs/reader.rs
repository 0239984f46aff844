//! Reads entries one after the other, over rotations.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use knarr_model::{Fault, Result};

use super::entry::Entry;
use super::files;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// A line longer than this is no line of a shim's.
const LINE: usize = 1 << 20;

/// A place in the logs.
pub(super) struct Reader {
    dir: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end is not there yet.
    rest: Vec<u8>,
}

impl Reader {
    /// At the last `tail` lines, or at the beginning.
    pub(super) fn open(dir: &Path, tail: Option<usize>) -> Result<Self> {
        let failed = |error| Fault::io(format!("read the logs in {}", dir.display()), error);
        let start = files::start(dir, tail).map_err(failed)?;
        let file = match start {
            Some((mut file, offset)) => {
                file.seek(SeekFrom::Start(offset)).map_err(failed)?;
                Some(file)
            }
            None => None,
        };
        Ok(Self { dir: dir.to_owned(), file, rest: Vec::new() })
    }

    /// The next entries; empty at the end of what there is.
    pub(super) fn next_batch(&mut self) -> Result<Vec<Entry>> {
        self.read().map_err(|error| Fault::io(format!("read the logs in {}", self.dir.display()), error))
    }

    fn read(&mut self) -> std::io::Result<Vec<Entry>> {
        loop {
            let Some(file) = &mut self.file else {
                self.file = files::open(&self.dir.join("json.log"))?;
                if self.file.is_none() {
                    return Ok(Vec::new());
                }
                continue;
            };
            let mut chunk = vec![0u8; CHUNK];
            let count = file.read(&mut chunk)?;
            if count > 0 {
                let entries = self.split(&chunk[..count]);
                if !entries.is_empty() {
                    return Ok(entries);
                }
                continue;
            }
            let Some(next) = files::successor(&self.dir, file)? else { return Ok(Vec::new()) };
            // Between the last read and the rotation more may have been written.
            chunk.clear();
            file.read_to_end(&mut chunk)?;
            let entries = self.split(&chunk);
            self.rest.clear();
            self.file = Some(next);
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
    }

    fn split(&mut self, bytes: &[u8]) -> Vec<Entry> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            if self.rest.len() > LINE {
                self.rest.clear();
            }
            return Vec::new();
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        whole.split(|byte| *byte == b'\n').filter_map(Entry::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containers::LogOptions;

    fn line(text: &str) -> String {
        format!("{{\"log\":\"{text}\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:00.000000001Z\"}}\n")
    }

    fn texts(reader: &mut Reader) -> String {
        let mut all = String::new();
        loop {
            let batch = reader.next_batch().unwrap();
            if batch.is_empty() {
                return all;
            }
            let wanted = batch.iter().filter(|entry| entry.wanted(&LogOptions { stdout: true, ..Default::default() }));
            all.extend(wanted.map(|entry| String::from_utf8(entry.render(false, true).to_vec()).unwrap()));
        }
    }

    #[test]
    fn rotations_are_followed_without_gap_or_duplicate() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("json.log");
        std::fs::write(&log, line("a")).unwrap();
        let mut reader = Reader::open(dir.path(), None).unwrap();
        assert_eq!(texts(&mut reader), "a\n");
        std::fs::write(&log, line("a") + &line("b")).unwrap();
        std::fs::rename(&log, dir.path().join("json.log.1")).unwrap();
        std::fs::write(&log, line("c")).unwrap();
        std::fs::rename(dir.path().join("json.log.1"), dir.path().join("json.log.2")).unwrap();
        std::fs::rename(&log, dir.path().join("json.log.1")).unwrap();
        std::fs::write(&log, line("d") + "{\"log\":\"half").unwrap();
        assert_eq!(texts(&mut reader), "b\nc\nd\n");
    }
}
