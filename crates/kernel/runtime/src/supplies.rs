//! What the runtime is still making while the first process begins: two packets in this order, on a socket of their own.
//!
//! ```text
//! cgroups   number of ways u8, names of the folders, each behind a NUL; descriptors: the ways, then the folders
//! filter    flags u32, then 8 bytes an instruction, as the kernel has them; nothing but one byte where there is none
//! ```
//!
//! An end before both have come means that the runtime has ended.

use std::os::fd::{AsFd, OwnedFd};

use knarr_cgroups::Join;
use knarr_seccomp::{LONGEST, Program};

use crate::link::{Failure, OrFail};
use crate::packets::{self, receive_with, send_with};
use crate::{Error, Result};

/// A container's cgroups, as its first process needs them.
#[derive(Debug, Default)]
pub struct Cgroups {
    /// The ways in.
    pub join: Join,
    /// Name and detached mount of each, for a mount of type cgroup.
    pub folders: Vec<(String, OwnedFd)>,
}

/// The runtime's end.
#[derive(Debug)]
pub struct Giver(OwnedFd);

/// The first process's end.
#[derive(Debug)]
pub struct Taker(OwnedFd);

/// Both ends.
pub fn channel() -> Result<(Giver, Taker)> {
    packets::pair().map(|(ours, theirs)| (Giver(ours), Taker(theirs)))
}

impl Giver {
    /// Gives the cgroups, but for the one that the process was born in.
    pub fn cgroups(&self, cgroups: &Cgroups) -> Result<()> {
        let tasks = &cgroups.join.tasks;
        let mut message = vec![u8::try_from(tasks.len()).unwrap_or(u8::MAX)];
        for (name, _) in &cgroups.folders {
            message.push(0);
            message.extend_from_slice(name.as_bytes());
        }
        let folders = cgroups.folders.iter().map(|(_, folder)| folder);
        let files: Vec<_> = tasks.iter().chain(folders).map(AsFd::as_fd).collect();
        heard(send_with(&self.0, &message, &files))
    }

    /// Gives the filter.
    pub fn filter(&self, program: Option<&Program>) -> Result<()> {
        heard(send_with(&self.0, &program.map_or_else(|| vec![0], Program::to_bytes), &[]))
    }
}

/// A process that does not listen any more has said why over its link, which is where it is heard.
fn heard(sent: rustix::io::Result<()>) -> Result<()> {
    match sent {
        Err(rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET) => Ok(()),
        other => other.map_err(|e| Error::io("talk to", "the container's first process", e)),
    }
}

impl Taker {
    /// Waits for the cgroups.
    pub fn cgroups(&self) -> Result<Cgroups, Failure> {
        let mut buffer = [0u8; 4096];
        let (length, mut files) = receive_with(&self.0, &mut buffer).or_fail("wait for the cgroups")?;
        let [ways, names @ ..] = &buffer[..length] else { return Err(Failure::text("the runtime has ended")) };
        if files.len() < usize::from(*ways) {
            return Err(Failure::text("a cgroup was lost on the way"));
        }
        let mounts = files.split_off(usize::from(*ways));
        let names = names.split(|byte| *byte == 0).skip(1).map(|name| String::from_utf8_lossy(name).into_owned());
        let join = Join { clone_into: None, tasks: files };
        Ok(Cgroups { join, folders: names.zip(mounts).collect() })
    }

    /// Waits for the filter.
    pub fn filter(&self) -> Result<Option<Program>, Failure> {
        let mut buffer = vec![0; LONGEST];
        match receive_with(&self.0, &mut buffer).or_fail("wait for the system call filter")?.0 {
            0 => Err(Failure::text("the runtime has ended")),
            1 => Ok(None),
            length => Ok(Some(Program::from_bytes(&buffer[..length]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn null() -> OwnedFd {
        std::fs::File::open("/dev/null").unwrap().into()
    }

    #[test]
    fn both_packets_arrive_as_they_were_given() {
        let (giver, taker) = channel().unwrap();
        let join = Join { clone_into: None, tasks: (0..8).map(|_| null()).collect() };
        let folders = vec![(String::new(), null()), ("cpu,cpuacct".to_owned(), null())];
        giver.cgroups(&Cgroups { join, folders }).unwrap();
        let program =
            Program { filter: vec![knarr_seccomp::Insn { code: 6, jt: 1, jf: 2, k: 0x7fff_0000 }; 4096], flags: 3 };
        giver.filter(Some(&program)).unwrap();
        let taken = taker.cgroups().unwrap();
        assert_eq!(taken.join.tasks.len(), 8);
        assert_eq!(taken.folders.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["", "cpu,cpuacct"]);
        assert_eq!(taker.filter().unwrap(), Some(program));
    }

    #[test]
    fn nothing_is_something_and_an_end_is_not() {
        let (giver, taker) = channel().unwrap();
        giver.cgroups(&Cgroups::default()).unwrap();
        giver.filter(None).unwrap();
        drop(giver);
        assert!(taker.cgroups().unwrap().folders.is_empty());
        assert_eq!(taker.filter().unwrap(), None);
        assert!(taker.cgroups().is_err() && taker.filter().is_err());
    }

    #[test]
    fn who_does_not_listen_is_no_error() {
        let (giver, taker) = channel().unwrap();
        drop(taker);
        giver.cgroups(&Cgroups::default()).unwrap();
        giver.filter(None).unwrap();
    }
}
