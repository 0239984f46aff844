//! Noting while an archive is unpacked.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use zstd::stream::write::Encoder;

use super::{BYTES, CONTENT, MOST};

/// Cheap: headers of archives are alike.
const LEVEL: i32 = 1;

/// Writes a recipe.
pub(crate) struct Recorder {
    out: Encoder<'static, File>,
    bytes: Vec<u8>,
    /// Bytes of a file's content that come next.
    content: u64,
    whole: bool,
}

impl Recorder {
    /// Begins in a new file.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        Ok(Self { out: Encoder::new(file, LEVEL)?, bytes: Vec::with_capacity(MOST), content: 0, whole: true })
    }

    /// The next `size` bytes are the content of the layer's file `path`.
    pub(crate) fn content(&mut self, path: &Path, size: u64) -> io::Result<()> {
        let path = path.as_os_str().as_bytes();
        let Ok(length) = u16::try_from(path.len()) else { return Ok(()) };
        self.flush()?;
        self.out.write_all(&[CONTENT])?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(path)?;
        self.out.write_all(&size.to_le_bytes())?;
        self.content = size;
        Ok(())
    }

    /// A file whose content was counted on is gone.
    pub(crate) fn spoil(&mut self) {
        self.whole = false;
    }

    /// Whether the archive can be written again.
    pub(crate) fn finish(mut self) -> io::Result<bool> {
        self.flush()?;
        self.out.finish()?;
        Ok(self.whole && self.content == 0)
    }

    fn pass(&mut self, mut data: &[u8]) -> io::Result<()> {
        let content = usize::try_from(self.content).unwrap_or(usize::MAX).min(data.len());
        self.content -= content as u64;
        data = &data[content..];
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(MOST - self.bytes.len()));
            self.bytes.extend_from_slice(now);
            data = later;
            if self.bytes.len() == MOST {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.out.write_all(&[BYTES])?;
        self.out.write_all(&(self.bytes.len() as u32).to_le_bytes())?;
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

/// Passes an archive on, and what is read of it to a recorder, where there is one.
pub(crate) struct Recorded<'a, R> {
    pub(crate) source: R,
    pub(crate) recorder: Option<&'a RefCell<Recorder>>,
}

impl<R: Read> Read for Recorded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        if let Some(recorder) = self.recorder {
            recorder.borrow_mut().pass(&buffer[..read])?;
        }
        Ok(read)
    }
}
