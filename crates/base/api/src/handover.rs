//! A file that a client hands to a daemon on the same machine instead of sending its bytes: `/knarr/images/load` and
//! `/knarr/images/save`. They are knarr's own; Docker has nothing like them.
//!
//! The client names the descriptor by which it has the file open, and stays until the answer has come; the daemon takes a
//! copy of it (pidfd_getfd(2)). Process, device and inode tell it that it has got the right one: a proxy between the two
//! has other descriptors.

use std::fmt;
use std::str::FromStr;

/// The header of a request with which a file is handed over.
pub const HEADER: &str = "x-knarr-file";

/// Which file it is: four decimal numbers with spaces between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// The client's process id.
    pub process: i32,
    /// The descriptor there.
    pub descriptor: i32,
    /// The file's device, `st_dev`.
    pub device: u64,
    /// The file's inode, `st_ino`.
    pub inode: u64,
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, descriptor, device, inode } = self;
        write!(f, "{process} {descriptor} {device} {inode}")
    }
}

/// A header that is no [`Handover`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl FromStr for Handover {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut numbers = text.split(' ');
        let mut next = || numbers.next().ok_or(Malformed);
        let process = next()?.parse().map_err(|_| Malformed)?;
        let descriptor = next()?.parse().map_err(|_| Malformed)?;
        let device = next()?.parse().map_err(|_| Malformed)?;
        let inode = next()?.parse().map_err(|_| Malformed)?;
        next().is_err().then_some(Self { process, descriptor, device, inode }).ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        let file = Handover { process: 71, descriptor: 3, device: 64_769, inode: u64::MAX };
        assert_eq!(file.to_string().parse(), Ok(file));
        for bad in ["", "1 2 3", "1 2 3 4 5", "1 2 3 -4", "a 2 3 4", "1  2 3 4"] {
            assert_eq!(bad.parse::<Handover>(), Err(Malformed), "{bad:?}");
        }
    }
}
