//! `tmpcopyup`: a tmpfs begins with a copy of the folder that it covers.

use std::ffi::CStr;
use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Stat, chmodat, chownat, mkdirat, mknodat, openat, readlinkat, statat,
    symlinkat,
};
use rustix::process::{Gid, Uid};

use crate::link::{Failure, OrFail};

/// Folders within folders; what is deeper is not copied but refused.
const DEPTH: u32 = 100;

/// Copies what is in `from`, an open folder of the image, to `to`: files, folders, links and nodes with owner and mode.
pub fn copy(from: &OwnedFd, to: &OwnedFd) -> Result<(), Failure> {
    let from = folder(from, c".").or_fail("open what a tmpfs covers")?;
    inside(&from, to, DEPTH)
}

fn inside(from: &OwnedFd, to: &OwnedFd, depth: u32) -> Result<(), Failure> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Failure::text(format!("tmpcopyup: more than {DEPTH} folders within folders")));
    };
    for entry in Dir::read_from(from).or_fail("list what a tmpfs covers")? {
        let entry = entry.or_fail("list what a tmpfs covers")?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            one(from, to, name, depth)?;
        }
    }
    Ok(())
}

fn one(from: &OwnedFd, to: &OwnedFd, name: &CStr, depth: u32) -> Result<(), Failure> {
    let what = || format!("copy {} into a tmpfs", name.to_string_lossy());
    let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW).or_fail(what())?;
    let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => {
            mkdirat(to, name, Mode::RWXU).or_fail(what())?;
            inside(&folder(from, name).or_fail(what())?, &folder(to, name).or_fail(what())?, depth)?;
        }
        FileType::RegularFile => content(from, to, name).or_fail(what())?,
        FileType::Symlink => {
            let target = readlinkat(from, name, Vec::new()).or_fail(what())?;
            symlinkat(&target, to, name).or_fail(what())?;
        }
        kind => mknodat(to, name, kind, mode, stat.st_rdev).or_fail(what())?,
    }
    own(to, name, &stat).or_fail(what())
}

fn folder(at: &OwnedFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

fn content(from: &OwnedFd, to: &OwnedFd, name: &CStr) -> std::io::Result<()> {
    // Not blocking: what was a file may have become a pipe since it was looked at.
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let write = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut from = File::from(openat(from, name, read, Mode::empty())?);
    let mut to = File::from(openat(to, name, write, Mode::RUSR | Mode::WUSR)?);
    std::io::copy(&mut from, &mut to).map(drop)
}

/// The mode after the owner: a change of owner takes set-user-ID bits away.
fn own(at: &OwnedFd, name: &CStr, stat: &Stat) -> rustix::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    chownat(at, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode).is_symlink() {
        return Ok(());
    }
    chmodat(at, name, Mode::from_raw_mode(stat.st_mode & 0o7777), AtFlags::empty())
}
