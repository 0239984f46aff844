//! A source that is read, inflated and hashed on a thread of its own, while what it gave is unpacked.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use knarr_model::{Digest, Hasher};

/// Bytes passed on at a time.
const CHUNK: usize = 256 << 10;
/// Chunks that may wait: with those at work about 1 MiB.
const WAITING: usize = 3;

/// What the thread has read in the end: the digest of all bytes and how many they are.
pub(crate) type Counted = io::Result<(Digest, u64)>;

/// Begins reading.
pub(crate) fn ahead<'s, 'e, R: Read + Send + 's>(
    scope: &'s Scope<'s, 'e>,
    source: R,
) -> (Ahead, ScopedJoinHandle<'s, Counted>) {
    let (filled, chunks) = sync_channel(WAITING);
    let (emptied, empties) = sync_channel(WAITING + 2);
    let worker = scope.spawn(move || read_all(source, &filled, &empties));
    (Ahead { chunks, emptied, chunk: Vec::new(), at: 0 }, worker)
}

/// Reads to the end, or until nobody wants more. An error is told to the reader in its place.
fn read_all(mut source: impl Read, filled: &SyncSender<io::Result<Vec<u8>>>, empties: &Receiver<Vec<u8>>) -> Counted {
    let (mut hasher, mut bytes) = (Hasher::new(), 0);
    loop {
        let mut chunk = empties.try_recv().unwrap_or_default();
        chunk.clear();
        match (&mut source).take(CHUNK as u64).read_to_end(&mut chunk) {
            Ok(0) => return Ok((hasher.finish(), bytes)),
            Ok(read) => {
                hasher.update(&chunk);
                bytes += read as u64;
            }
            Err(error) => {
                let told = io::Error::new(error.kind(), error.to_string());
                let _reader_has_gone = filled.send(Err(error));
                return Err(told);
            }
        }
        if filled.send(Ok(chunk)).is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    }
}

/// The reader's end.
pub(crate) struct Ahead {
    chunks: Receiver<io::Result<Vec<u8>>>,
    emptied: SyncSender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            match self.chunks.recv() {
                Ok(next) => {
                    let old = std::mem::replace(&mut self.chunk, next?);
                    self.at = 0;
                    // A buffer too many is let go.
                    let _ = self.emptied.try_send(old);
                }
                Err(_at_the_end) => return Ok(0),
            }
        }
        let now = buffer.len().min(self.chunk.len() - self.at);
        buffer[..now].copy_from_slice(&self.chunk[self.at..self.at + now]);
        self.at += now;
        Ok(now)
    }
}
