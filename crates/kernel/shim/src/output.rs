//! The output that is on its way to the clients. While the process lives it is one frame at a time, so that a slow
//! client holds the process back instead of filling memory; once it is dead, all that was left in its pipes is kept for
//! the slow, so that the log and the events need not wait for them.

use rustix::fd::OwnedFd;
use rustix::io::Errno;

use crate::protocol::{HEAD, MOST, head, tell, want};

/// Bytes of the buffer; only as many pages exist as were ever used.
pub const BUFFER: usize = 8 * (HEAD + MOST);

/// Whole frames, one behind the other.
pub struct Output<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> Output<'b> {
    /// None, over a buffer of [`BUFFER`] bytes.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// All frames.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether one more frame fits.
    pub fn has_room(&self) -> bool {
        self.buffer.len() - self.length >= HEAD + MOST
    }

    /// Adds a frame of what `fd` gives now, and gives its payload; none at the end, which a terminal says by EIO.
    pub fn read(&mut self, fd: &OwnedFd, kind: u8) -> Result<Option<&[u8]>, Errno> {
        let from = self.length + HEAD;
        match rustix::io::read(fd, &mut self.buffer[from..from + MOST]) {
            Ok(0) | Err(Errno::IO) => Ok(None),
            Ok(read) => {
                self.buffer[self.length..from].copy_from_slice(&head(kind, read as u32));
                self.length = from + read;
                Ok(Some(&self.buffer[from..self.length]))
            }
            Err(errno) => Err(errno),
        }
    }

    /// The end of the frame that begins at `from`, and what a client must want to get it.
    pub fn frame(&self, from: usize) -> (usize, u32) {
        let Some([kind, _, _, _, length @ ..]) = self.bytes()[from..].first_chunk::<HEAD>() else {
            return (self.length, 0);
        };
        let wanted = if *kind == tell::STDOUT { want::STDOUT } else { want::STDERR };
        (from + HEAD + u32::from_le_bytes(*length) as usize, wanted)
    }

    /// Everybody has everything.
    pub fn clear(&mut self) {
        self.length = 0;
    }
}
