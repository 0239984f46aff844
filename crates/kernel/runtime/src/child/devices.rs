//! Device nodes and links below `/dev`, made on the folder's descriptor (flaw row 8).

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use knarr_mounts::{Root, attach, clone_tree};
use knarr_spec::Device;
use rustix::fs::{AtFlags, CWD, FileType, Mode, chownat, makedev, mknodat, statat, symlinkat, unlinkat};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use crate::link::{Failure, OrFail};
use crate::plan::is_default_device;

/// What every container finds below `/dev` (config-linux.md, "Default Devices" and "/dev symbolic links").
const LINKS: &[(&str, &str)] = &[
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
    ("/proc/kcore", "core"),
];

/// Makes the nodes and the links.
pub fn make(root: &Root, devices: &[Device]) -> Result<(), Failure> {
    root.make_folder(Path::new("/dev"), Mode::from_raw_mode(0o755))?;
    let folder = root.open_without_links(Path::new("/dev"))?;
    if !Root::is_folder(&folder)? {
        return Err(Failure::text("/dev is not a folder"));
    }
    for device in devices {
        node(root, &folder, device)?;
    }
    LINKS.iter().try_for_each(|(target, name)| link(&folder, target, name))
}

fn link(folder: &OwnedFd, target: &str, name: &str) -> Result<(), Failure> {
    fresh(folder, OsStr::new(name), || symlinkat(target, folder, name)).or_fail(format!("make the link /dev/{name}"))
}

fn node(root: &Root, dev: &OwnedFd, device: &Device) -> Result<(), Failure> {
    let path = Path::new(&device.path);
    let what = || format!("make the device {}", device.path);
    let directly = path.parent() == Some(Path::new("/dev"));
    let (folder, name) = match path.file_name() {
        Some(name) if directly => (dev.try_clone().or_fail(what())?, name),
        _ => root.parent(path)?,
    };
    let mode = Mode::from_raw_mode(device.file_mode.unwrap_or(0o666) & 0o7777);
    let number = makedev(device.major as u32, device.minor as u32);
    let make = || mknodat(&folder, name, file_type(&device.kind), mode, number);
    let made = if is_default_device(path) { fresh(&folder, name, make) } else { make() };
    match made {
        Ok(()) => own(&folder, name, device).or_fail(what()),
        // What the image has there must be that very device (config-linux.md, "Devices").
        Err(Errno::EXIST) => is_same(&folder, name, device).or_fail(what()),
        // In a user namespace nodes cannot be made: the host's own is bound.
        Err(Errno::PERM) => {
            let source = clone_tree(CWD, path, false)?;
            Ok(attach(source, root.make_file(path, Mode::from_raw_mode(0o666))?)?)
        }
        Err(error) => Err(Failure::setup(what(), error)),
    }
}

fn is_same(folder: &OwnedFd, name: &OsStr, device: &Device) -> rustix::io::Result<()> {
    let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = file_type(&device.kind);
    let number = makedev(device.major as u32, device.minor as u32);
    let same = FileType::from_raw_mode(found.st_mode) == kind && (kind == FileType::Fifo || found.st_rdev == number);
    if same { Ok(()) } else { Err(Errno::EXIST) }
}

/// Makes something new at a name; what was there is removed first.
fn fresh(folder: &OwnedFd, name: &OsStr, make: impl Fn() -> rustix::io::Result<()>) -> rustix::io::Result<()> {
    match make() {
        Err(Errno::EXIST) => unlinkat(folder, name, AtFlags::empty()).and_then(|()| make()),
        other => other,
    }
}

fn file_type(kind: &str) -> FileType {
    match kind {
        "b" => FileType::BlockDevice,
        "p" => FileType::Fifo,
        _ => FileType::CharacterDevice,
    }
}

fn own(folder: &OwnedFd, name: &OsStr, device: &Device) -> rustix::io::Result<()> {
    if device.uid.is_none() && device.gid.is_none() {
        return Ok(());
    }
    let (uid, gid) = (device.uid.map(Uid::from_raw), device.gid.map(Gid::from_raw));
    chownat(folder, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
}
