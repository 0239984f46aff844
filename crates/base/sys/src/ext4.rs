//! A power cut, for tests: a mounted ext4 that loses what was not written yet.

use std::io;
use std::os::fd::AsFd;

use rustix::ioctl::{Setter, ioctl, opcode};

/// `EXT4_IOC_SHUTDOWN`.
const SHUTDOWN: rustix::ioctl::Opcode = opcode::read::<u32>(b'X', 125);
/// `EXT4_GOING_FLAGS_NOLOGFLUSH`: the journal is not written either.
const WITHOUT_THE_JOURNAL: u32 = 2;

/// Shuts down the file system that a file or folder is on, as a power cut would: nothing more is written, all further work on it fails.
pub fn cut_power(on: impl AsFd) -> io::Result<()> {
    // SAFETY: the opcode reads one u32 from the address that it is given, and the setter gives it that of its own u32.
    unsafe { ioctl(on, Setter::<SHUTDOWN, u32>::new(WITHOUT_THE_JOURNAL)) }.map_err(io::Error::from)
}
