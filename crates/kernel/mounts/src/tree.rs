//! Detached mounts: making them, changing them, attaching them.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use knarr_sys::mount::{IDMAP, MountAttr, mount_setattr};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree, unmount,
};

use crate::{Attributes, Error, Propagation, Result};

/// A detached new mount of a file system of type `kind`; its parameters are flags, or keys with values.
pub fn filesystem(kind: &str, device: &str, parameters: &[(String, Option<String>)]) -> Result<OwnedFd> {
    filesystem_with_attributes(kind, device, parameters, Attributes::default())
}

/// [`filesystem`], with attributes from its beginning.
pub fn filesystem_with_attributes(
    kind: &str,
    device: &str,
    parameters: &[(String, Option<String>)],
    attributes: Attributes,
) -> Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).map_err(|e| fault(kind, device, None, e))?;
    let made = configure(&context, device, parameters)
        .and_then(|()| fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags(attributes)));
    made.map_err(|e| fault(kind, device, Some(&context), e))
}

fn configure(context: &OwnedFd, device: &str, parameters: &[(String, Option<String>)]) -> rustix::io::Result<()> {
    if !device.is_empty() {
        fsconfig_set_string(context, "source", device)?;
    }
    for (key, value) in parameters {
        match value {
            Some(value) => fsconfig_set_string(context, key.as_str(), value.as_str())?,
            None => fsconfig_set_flag(context, key.as_str())?,
        }
    }
    fsconfig_create(context)
}

pub(crate) fn fault(kind: &str, device: &str, context: Option<&OwnedFd>, error: rustix::io::Errno) -> Error {
    let reason = context.map(kernel_messages).unwrap_or_default();
    Error::FileSystem { kind: kind.to_owned(), device: device.to_owned(), reason, source: error.into() }
}

/// What the kernel left to read in a file system context: one message a read, `e text` for an error.
fn kernel_messages(context: &OwnedFd) -> String {
    let mut text = String::new();
    let mut buffer = [0u8; 1024];
    while let Ok(length) = rustix::io::read(context, &mut buffer) {
        let message = String::from_utf8_lossy(&buffer[..length]);
        text.push_str(": ");
        text.push_str(message.trim_end().trim_start_matches("e "));
    }
    text
}

fn flags(attributes: Attributes) -> MountAttrFlags {
    MountAttrFlags::from_bits_retain(attributes.set as u32)
}

/// A detached copy of the mount that `path` below `dir` (`dir` itself when empty) lies on, rooted there.
pub fn clone_tree(dir: BorrowedFd<'_>, path: &Path, recursive: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(dir, path, flags).map_err(|e| Error::io("bind", path.display().to_string(), e))
}

/// Changes the attributes of the mount behind `mount`, and with `recursive` of all below it.
pub fn set_attributes(mount: BorrowedFd<'_>, attributes: Attributes, recursive: bool) -> Result<()> {
    mount_setattr(mount, c"", recursive, &attributes.raw()).map_err(|e| Error::io("set attributes of", "a mount", e))
}

/// Maps the owners on a detached mount through a user namespace: what is user 0 on the disk is seen as whom the namespace
/// calls 0. With `recursive` on all mounts below it too.
pub fn set_owners(mount: BorrowedFd<'_>, userns: BorrowedFd<'_>, recursive: bool) -> Result<()> {
    let attr = MountAttr { set: IDMAP, userns: userns.as_raw_fd() as u64, ..MountAttr::default() };
    mount_setattr(mount, c"", recursive, &attr).map_err(|e| Error::io("map the owners of", "a mount", e))
}

/// Changes the propagation of the mount behind `mount`, and with `recursive` of all below it.
pub fn set_propagation(mount: BorrowedFd<'_>, propagation: Propagation, recursive: bool) -> Result<()> {
    mount_setattr(mount, c"", recursive, &propagation.raw()).map_err(|e| Error::io("set propagation of", "a mount", e))
}

/// Attaches a detached mount to the place that `target` has open.
pub fn attach(mount: impl AsFd, target: impl AsFd) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", target, "", flags).map_err(|e| Error::io("attach", "a mount", e))
}

/// Takes the uppermost mount at `path` out of the tree at once, and lets it go when nothing uses it any more.
pub fn detach(path: &Path) -> Result<()> {
    unmount(path, UnmountFlags::DETACH).map_err(|e| Error::io("unmount", path.display().to_string(), e))
}
