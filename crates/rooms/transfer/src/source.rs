//! A file as a stream of bytes, read on blocking threads only while somebody takes them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;

/// Bytes a read.
const CHUNK: u64 = 256 << 10;

/// Streams `length` bytes of `file` from `offset`. A file that ends before them is an error
/// ([`io::ErrorKind::UnexpectedEof`]), never a short stream.
pub fn stream(file: File, offset: u64, length: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let file = Arc::new(file);
    futures::stream::try_unfold((offset, offset.saturating_add(length)), move |(at, end)| {
        let file = Arc::clone(&file);
        async move {
            if at >= end {
                return Ok(None);
            }
            let want = (end - at).min(CHUNK);
            let data = tokio::task::spawn_blocking(move || read_exact_at(&file, at, want)).await??;
            Ok(Some((data, (at + want, end))))
        }
    })
}

fn read_exact_at(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut data = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut data, offset)?;
    Ok(Bytes::from(data))
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_window_is_read_and_a_short_file_is_an_error() {
        use std::io::Write as _;
        let mut file = tempfile::tempfile().unwrap();
        let data: Vec<u8> = (0..300_000u32).map(|i| i as u8).collect();
        file.write_all(&data).unwrap();
        let read: Vec<Bytes> = stream(file.try_clone().unwrap(), 5, 280_000).try_collect().await.unwrap();
        assert_eq!(read.concat(), data[5..280_005]);
        let cut: io::Result<Vec<Bytes>> = stream(file, 0, 300_001).try_collect().await;
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
