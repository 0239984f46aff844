//! The planned mounts, each made detached and attached to a place found inside the root.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use knarr_mounts::{Attributes, Options, Root, attach, filesystem_with_attributes, set_attributes, set_propagation};
use knarr_sys::mount::RDONLY;
use rustix::fs::{Mode, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs};
use rustix::io::Errno;

use super::{FirstProcess, cgroups, copy_up};
use crate::foreign;
use crate::link::{Failure, OrFail};
use crate::plan::{MountPlan, MountSource};

const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);

/// Mounts everything, in order.
pub fn apply(root: &Root, child: &FirstProcess<'_>, cgroups: &[(String, OwnedFd)]) -> Result<(), Failure> {
    for (mount, opened) in child.plan.mounts.iter().zip(&child.sources) {
        one(root, mount, opened.as_ref(), cgroups).map_err(|failure| name(mount, failure))?;
    }
    Ok(())
}

fn name(mount: &MountPlan, failure: Failure) -> Failure {
    let reason = failure.text.trim_start_matches("error during container init: ");
    let place = mount.destination.display().to_string();
    let text =
        format!("error during container init: error mounting {:?} to rootfs at {place:?}: {reason}", mount.name());
    Failure { text, errno: failure.errno }
}

fn one(root: &Root, mount: &MountPlan, opened: Option<&OwnedFd>, folders: &[(String, OwnedFd)]) -> Result<(), Failure> {
    match (&mount.source, opened) {
        (MountSource::Bind { .. }, Some(source)) => bind(root, mount, source),
        (MountSource::Bind { path, recursive }, None) => bind(root, mount, &foreign::source(path, *recursive)?),
        (MountSource::FileSystem { kind, device }, _) => filesystem(root, mount, kind, device),
        (MountSource::Mounted, _) => remount(root, mount),
        (MountSource::Cgroups, _) => {
            let target = root.make_folder(&mount.destination, FOLDER_MODE)?;
            stay_out_of_proc(root, mount, &target)?;
            let made = cgroups::mount(folders, mount.options.attributes)?;
            attach(&made, &target)?;
            cgroups::attach_hierarchies(&made, folders, mount.options.attributes)?;
            propagate(&made, &mount.options)
        }
    }
}

fn remount(root: &Root, mount: &MountPlan) -> Result<(), Failure> {
    let place = root.open_without_links(&mount.destination)?;
    set_attributes(place.as_fd(), mount.options.attributes, false)?;
    propagate(&place, &mount.options)
}

fn bind(root: &Root, mount: &MountPlan, source: &OwnedFd) -> Result<(), Failure> {
    let target = if Root::is_folder(source)? {
        root.make_folder(&mount.destination, FOLDER_MODE)?
    } else {
        root.make_file(&mount.destination, Mode::from_raw_mode(0o644))?
    };
    stay_out_of_proc(root, mount, &target)?;
    if !mount.options.attributes.is_empty() {
        set_attributes(source.as_fd(), mount.options.attributes, false)?;
    }
    if !mount.options.recursive.is_empty() {
        set_attributes(source.as_fd(), mount.options.recursive, true)?;
    }
    attach(source, &target)?;
    propagate(source, &mount.options)
}

fn filesystem(root: &Root, mount: &MountPlan, kind: &str, device: &str) -> Result<(), Failure> {
    let (target, existed) = place(root, mount)?;
    stay_out_of_proc(root, mount, &target)?;
    let mut parameters = mount.options.parameters.clone();
    if kind == "tmpfs" && existed && !parameters.iter().any(|(key, _)| key == "mode") {
        // What covers a folder of the image looks like it.
        let mode = fstat(&target).or_fail("look at the folder")?.st_mode & 0o7777;
        parameters.push(("mode".to_owned(), Some(format!("{mode:o}"))));
    }
    if !mount.label.is_empty() && has_selinux() {
        parameters.push(("context".to_owned(), Some(mount.label.clone())));
    }
    let mut attributes = early(mount);
    let read_only = attributes.set & RDONLY;
    if mount.options.copy_up {
        attributes.set &= !RDONLY;
    }
    let made = filesystem_with_attributes(kind, device, &parameters, attributes)?;
    if mount.options.copy_up && existed {
        copy_up::copy(&target, &made)?;
        set_attributes(made.as_fd(), Attributes { set: read_only, clear: 0 }, false)?;
    }
    attach(&made, &target)?;
    propagate(&made, &mount.options)
}

/// Refuses a place in the container's procfs that is reached by a link or another name (flaw row 6). What its own name says was
/// looked at by the plan.
fn stay_out_of_proc(root: &Root, mount: &MountPlan, target: &OwnedFd) -> Result<(), Failure> {
    let (proc, name) = (Path::new("/proc"), mount.destination.display());
    let kind = fstatfs(target).or_fail(format!("look at {name}"))?.f_type;
    if mount.destination.starts_with(proc) || kind != PROC_SUPER_MAGIC {
        return Ok(());
    }
    let own = fstat(root.open_without_links(proc)?).or_fail("look at /proc")?.st_dev;
    match fstat(target).or_fail(format!("look at {name}"))?.st_dev == own {
        true => Err(Failure::text("it cannot be mounted because it is inside /proc")),
        false => Ok(()),
    }
}

/// Whether this host labels files; where it does not there is nobody to read a label.
fn has_selinux() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}

fn place(root: &Root, mount: &MountPlan) -> Result<(OwnedFd, bool), Failure> {
    let restrict = if mount.needs_plain_folder() { ResolveFlags::NO_SYMLINKS } else { ResolveFlags::empty() };
    match root.open_as(&mount.destination, rustix::fs::OFlags::PATH, restrict) {
        Ok(target) if Root::is_folder(&target)? => Ok((target, true)),
        Ok(_) => Err(not_ordinary(mount)),
        Err(error) if error.errno() == Some(Errno::LOOP) => Err(not_ordinary(mount)),
        Err(error) if error.errno() == Some(Errno::NOENT) => {
            Ok((root.make_folder(&mount.destination, FOLDER_MODE)?, false))
        }
        Err(error) => Err(error.into()),
    }
}

fn not_ordinary(mount: &MountPlan) -> Failure {
    Failure::text(format!("filesystem {:?} must be mounted on an ordinary directory", mount.name()))
}

/// `/dev` becomes read-only only after its nodes were made.
fn is_late(mount: &MountPlan) -> bool {
    let read_only = mount.options.attributes.set & RDONLY != 0;
    read_only && mount.destination == Path::new("/dev") && matches!(mount.source, MountSource::FileSystem { .. })
}

fn early(mount: &MountPlan) -> Attributes {
    let mut attributes = mount.options.attributes.then(mount.options.recursive);
    if is_late(mount) {
        attributes.set &= !RDONLY;
    }
    attributes
}

/// Makes read-only what had to be written to first.
pub fn make_read_only(root: &Root, mounts: &[MountPlan]) -> Result<(), Failure> {
    for mount in mounts.iter().filter(|mount| is_late(mount)) {
        let place = root.open_without_links(&mount.destination)?;
        set_attributes(place.as_fd(), Attributes::READ_ONLY, false)?;
    }
    Ok(())
}

fn propagate(mount: &OwnedFd, options: &Options) -> Result<(), Failure> {
    for (propagation, recursive) in &options.propagation {
        set_propagation(mount.as_fd(), *propagation, *recursive)?;
    }
    Ok(())
}
