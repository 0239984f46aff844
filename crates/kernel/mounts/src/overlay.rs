//! A snapshot as a detached mount.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use knarr_model::Snapshot;
use rustix::fs::{CWD, Mode, OFlags, StatVfsMountFlags, fstatvfs, open};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_fd, fsconfig_set_string, fsmount, fsopen,
};

use crate::tree::fault;
use crate::{Attributes, Error, Result, clone_tree, set_attributes, set_owners};

/// The parameter that adds a layer below those before it.
const LOWER: &str = "lowerdir+";

/// Longest string that fsconfig(2) takes.
const STRING_LIMIT: usize = 255;

/// Mounts a snapshot detached: an overlay, or for one layer without a writable one a read-only copy of its mount. What
/// is written goes to the upper folder in its plain form (no redirects, no metacopies).
pub fn overlay(snapshot: &Snapshot) -> Result<OwnedFd> {
    mount(snapshot, None)
}

/// [`overlay`] for a container in a user namespace: the layers belong to whom the namespace maps them to. The upper
/// folder is not mapped (the kernel would make it read-only): it belongs to the namespace's root already.
pub fn overlay_for(snapshot: &Snapshot, userns: BorrowedFd<'_>) -> Result<OwnedFd> {
    mount(snapshot, Some(userns))
}

fn mount(snapshot: &Snapshot, userns: Option<BorrowedFd<'_>>) -> Result<OwnedFd> {
    let lowest = snapshot.lowers.last().ok_or(Error::NoLayers)?;
    if snapshot.upper.is_none() && snapshot.lowers.len() == 1 {
        return one_layer(lowest, userns);
    }
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).map_err(|e| fault("overlay", "overlay", None, e))?;
    // Detached mounts live as long as their descriptors: until the overlay has copied them.
    let mut layers = Vec::new();
    for (key, folder) in folders(snapshot) {
        let set = match userns {
            Some(userns) if key == LOWER => {
                layers.push(mapped(folder, userns)?);
                layers.last().map_or(Ok(()), |layer| fsconfig_set_fd(&context, key, layer))
            }
            _ => set_folder(&context, key, folder),
        };
        set.map_err(|e| fault("overlay", &folder.display().to_string(), Some(&context), e))?;
    }
    let made = create(&context).and_then(|()| fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes(snapshot)));
    let mount = made.map_err(|e| fault("overlay", &place(snapshot), Some(&context), e))?;
    if snapshot.upper.is_some() && is_read_only(&mount)? {
        return Err(Error::ReadOnly(place(snapshot)));
    }
    Ok(mount)
}

fn one_layer(layer: &Path, userns: Option<BorrowedFd<'_>>) -> Result<OwnedFd> {
    let mount = match userns {
        Some(userns) => mapped(layer, userns)?,
        None => clone_tree(CWD, layer, false)?,
    };
    set_attributes(mount.as_fd(), Attributes::READ_ONLY, false)?;
    Ok(mount)
}

/// A layer whose owners are mapped.
fn mapped(layer: &Path, userns: BorrowedFd<'_>) -> Result<OwnedFd> {
    let mount = clone_tree(CWD, layer, false)?;
    set_owners(mount.as_fd(), userns, false)?;
    Ok(mount)
}

fn attributes(snapshot: &Snapshot) -> MountAttrFlags {
    if snapshot.upper.is_some() { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_RDONLY }
}

/// The folders of an overlay with their parameters.
fn folders(snapshot: &Snapshot) -> impl Iterator<Item = (&'static str, &Path)> {
    let lowers = snapshot.lowers.iter().map(|lower| (LOWER, lower.as_path()));
    let writable = snapshot.upper.iter().flat_map(|(upper, work)| [("upperdir", upper.as_path()), ("workdir", work)]);
    lowers.chain(writable)
}

fn create(context: &OwnedFd) -> rustix::io::Result<()> {
    fsconfig_set_string(context, "source", "overlay")?;
    for option in ["index", "metacopy", "redirect_dir", "xino"] {
        fsconfig_set_string(context, option, "off")?;
    }
    fsconfig_create(context)
}

/// Names a folder by its path; by descriptor (since Linux 6.13) where the path is too long for fsconfig(2).
fn set_folder(context: &OwnedFd, key: &str, folder: &Path) -> rustix::io::Result<()> {
    if folder.as_os_str().len() <= STRING_LIMIT {
        return fsconfig_set_string(context, key, folder);
    }
    let opened = open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    fsconfig_set_fd(context, key, opened)
}

fn is_read_only(mount: &OwnedFd) -> Result<bool> {
    let stat = fstatvfs(mount).map_err(|e| Error::io("look at", "a mounted snapshot", e))?;
    Ok(stat.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// The folder by which a person recognises the snapshot.
fn place(snapshot: &Snapshot) -> String {
    let folder = snapshot.upper.as_ref().map(|(upper, _)| upper).or(snapshot.lowers.first());
    folder.map(|path| path.display().to_string()).unwrap_or_default()
}
