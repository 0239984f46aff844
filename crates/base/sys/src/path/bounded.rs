//! Files whose maker is not trusted, and which could be endless, or no files at all (flaw row 17).

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, fstat};

/// The bytes of a regular file of at most `limit` bytes, also while it grows. `InvalidInput` where it is not regular,
/// `FileTooLarge` where it is longer. To be opened with `O_NONBLOCK`: a fifo's opening waits otherwise.
pub fn read_regular(file: OwnedFd, limit: u64) -> Result<Vec<u8>> {
    if !FileType::from_raw_mode(fstat(&file)?.st_mode).is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::from(file).take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(content: &[u8]) -> OwnedFd {
        let file = rustix::fs::memfd_create("file", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        rustix::io::pwrite(&file, content, 0).unwrap();
        file
    }

    #[test]
    fn not_a_byte_beyond_the_limit() {
        assert_eq!(read_regular(made(b"12345"), 5).unwrap(), b"12345");
        assert_eq!(read_regular(made(b"123456"), 5).unwrap_err().kind(), ErrorKind::FileTooLarge);
        // Of these two nobody knows the length before.
        let zero = File::open("/dev/zero").unwrap().into();
        assert_eq!(read_regular(zero, 5).unwrap_err().kind(), ErrorKind::InvalidInput);
        let kernel = File::open("/proc/self/status").unwrap().into();
        assert_eq!(read_regular(kernel, 5).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
