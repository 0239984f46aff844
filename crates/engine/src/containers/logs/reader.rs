//! Reads entries one after the other, over rotations.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use knarr_model::{Fault, Result};
use knarr_shim_client::LogForm;

use super::entry::Entry;
use super::files;
use super::form::{Begun, begun, file_name};

/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// A line longer than this is no line of a shim's.
const LINE: usize = 1 << 20;

/// A place in the logs.
pub(super) struct Reader {
    dir: PathBuf,
    form: LogForm,
    file: Option<File>,
    /// The beginning of a line whose end is not there yet.
    rest: Vec<u8>,
}

impl Reader {
    /// At the last `tail` lines, or at the beginning.
    pub(super) fn open(dir: &Path, form: LogForm, tail: Option<usize>) -> Result<Self> {
        let failed = |error| Fault::io(format!("read the logs in {}", dir.display()), error);
        let start = files::start(dir, form, tail).map_err(failed)?;
        let file = match start {
            Some((mut file, offset)) => {
                file.seek(SeekFrom::Start(offset)).map_err(failed)?;
                Some(file)
            }
            None => None,
        };
        Ok(Self { dir: dir.to_owned(), form, file, rest: Vec::new() })
    }

    /// The next entries; empty at the end of what there is.
    pub(super) fn next_batch(&mut self) -> Result<Vec<Entry>> {
        self.read().map_err(|error| Fault::io(format!("read the logs in {}", self.dir.display()), error))
    }

    fn read(&mut self) -> std::io::Result<Vec<Entry>> {
        loop {
            let Some(file) = &mut self.file else {
                self.file = files::open(&self.dir.join(file_name(self.form)))?;
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
            let Some(next) = files::successor(&self.dir, self.form, file)? else { return Ok(Vec::new()) };
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
        let (mut entries, mut from) = (Vec::new(), 0);
        loop {
            match begun(self.form, &self.rest[from..]) {
                Begun::Whole(length) => {
                    entries.extend(Entry::parse(self.form, &self.rest[from..from + length]));
                    from += length;
                }
                Begun::Part if self.rest.len() - from <= LINE => break,
                Begun::Part | Begun::Nonsense => from = self.rest.len(),
            }
            if from == self.rest.len() {
                break;
            }
        }
        self.rest.drain(..from);
        entries
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
        let mut reader = Reader::open(dir.path(), LogForm::JsonFile, None).unwrap();
        assert_eq!(texts(&mut reader), "a\n");
        std::fs::write(&log, line("a") + &line("b")).unwrap();
        std::fs::rename(&log, dir.path().join("json.log.1")).unwrap();
        std::fs::write(&log, line("c")).unwrap();
        std::fs::rename(dir.path().join("json.log.1"), dir.path().join("json.log.2")).unwrap();
        std::fs::rename(&log, dir.path().join("json.log.1")).unwrap();
        std::fs::write(&log, line("d") + "{\"log\":\"half").unwrap();
        assert_eq!(texts(&mut reader), "b\nc\nd\n");
    }
    fn record(text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(13 + text.len()).unwrap().to_le_bytes();
        [&length[..], &[1], &7i64.to_le_bytes(), &5u32.to_le_bytes(), text].concat()
    }

    #[test]
    fn records_with_a_length_come_in_any_pieces_and_nonsense_ends_their_file() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("local.log");
        let whole = [record(b"one\n"), record(b"two\n")].concat();
        let mut reader = Reader::open(dir.path(), LogForm::Local, None).unwrap();
        let mut all = String::new();
        for length in 0..=whole.len() {
            std::fs::write(&log, &whole[..length]).unwrap();
            all += &texts(&mut reader);
        }
        assert_eq!(all, "one\ntwo\n");
        std::fs::write(&log, [&whole[..], &[0; 100]].concat()).unwrap();
        assert_eq!(texts(&mut reader), "");
        std::fs::rename(&log, dir.path().join("local.log.1")).unwrap();
        std::fs::write(&log, record(b"three\n")).unwrap();
        assert_eq!(texts(&mut reader), "three\n");
        for (tail, expected) in [(0, ""), (1, "three\n"), (2, "two\nthree\n"), (9, "one\ntwo\nthree\n")] {
            let mut reader = Reader::open(dir.path(), LogForm::Local, Some(tail)).unwrap();
            assert_eq!(texts(&mut reader), expected, "{tail}");
        }
    }
}
