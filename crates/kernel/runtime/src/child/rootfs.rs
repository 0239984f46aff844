//! The root file system, from a detached mount to `/`.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use knarr_mounts::{
    Attributes, Propagation, Root, attach, clone_tree, detach, mountinfo, set_attributes, set_propagation,
};
use knarr_spec::{Hook, NamespaceKind, State, Status};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, open, statx};
use rustix::process::{chdir, chroot, fchdir, pivot_root, umask};

use super::console::Terminal;
use super::{FirstProcess, console, devices, masks, mounts, procfs};
use crate::link::{Failure, OrFail};
use crate::plan::RootSource;

impl From<knarr_mounts::Error> for Failure {
    fn from(error: knarr_mounts::Error) -> Self {
        match error.errno() {
            Some(errno) => Self::setup(format!("cannot {error}"), errno),
            None => Self::text(format!("cannot {error}")),
        }
    }
}

/// The new root, over the host's.
pub struct Place {
    host: OwnedFd,
    root: Root,
}

/// Puts the container's root where it can be built upon.
pub fn place(child: &FirstProcess<'_>) -> Result<Place, Failure> {
    umask(Mode::empty());
    let host = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).or_fail("open /")?;
    let root = place_root(child, &host)?;
    Ok(Place { host, root })
}

/// Builds the container's file system and makes it this process's root; gives the terminal, if the process has one.
pub fn build(
    child: &FirstProcess<'_>,
    Place { host, root }: &Place,
    cgroups: &[(String, OwnedFd)],
) -> Result<Option<Terminal>, Failure> {
    let plan = child.plan;
    mounts::apply(root, child, cgroups)?;
    if let Some(nodes) = &plan.devices {
        devices::make(root, nodes)?;
    }
    let terminal = match &child.console {
        Some(socket) if plan.process.terminal => Some(console::open(root, socket.as_fd())?),
        _ => None,
    };
    identify(child)?;
    root.make_folder(&plan.process.cwd, Mode::from_raw_mode(0o755))?;
    masks::apply(root, &plan.masked, &plan.read_only)?;
    mounts::make_read_only(root, &plan.mounts)?;
    if let Some(hooks) = child.hooks {
        hook("createContainer", &hooks.create_container, hooks.state(Status::Creating))?;
    }
    enter(child, root, host)?;
    Ok(terminal)
}

/// Runs hooks in the container's namespaces.
pub fn hook(stage: &'static str, list: &[Hook], state: State) -> Result<(), Failure> {
    crate::hooks::run(stage, list, &state).map_err(|error| Failure::text(error.full()))
}

/// Puts the root over `/`, in a mount namespace from which nothing propagates to the host unless it was asked for.
fn place_root(child: &FirstProcess<'_>, host: &OwnedFd) -> Result<Root, Failure> {
    let plan = &child.plan.root;
    if child.plan.namespaces.joins(NamespaceKind::Mount) {
        return root_in_place(&plan.source);
    }
    let (propagation, recursive) = plan.propagation;
    set_propagation(host.as_fd(), propagation, recursive)?;
    if propagation == Propagation::Shared {
        // pivot_root(2) refuses a root whose parent is shared.
        set_propagation(host.as_fd(), Propagation::Private, false)?;
    }
    let mount = match (&child.root, &plan.source) {
        (Some(mount), _) => mount.try_clone().or_fail("copy a descriptor")?,
        (None, RootSource::Folder(path)) => clone_tree(CWD, path, true)?,
        (None, RootSource::Snapshot(_)) => return Err(Failure::text("the snapshot is not mounted")),
    };
    if !Root::is_folder(&mount)? {
        return Err(Failure::text("the root is not a folder"));
    }
    set_propagation(mount.as_fd(), Propagation::Private, false)?;
    attach(&mount, host)?;
    Ok(Root::new(mount))
}

/// In a mount namespace that others use the root stays where it is, below a copy of its own mount.
fn root_in_place(source: &RootSource) -> Result<Root, Failure> {
    let RootSource::Folder(path) = source else { return Err(Failure::text("a snapshot has no place of its own")) };
    let mount = clone_tree(CWD, path, true)?;
    set_propagation(mount.as_fd(), Propagation::Private, true)?;
    let place = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).or_fail("open the root")?;
    attach(&mount, &place)?;
    Ok(Root::new(mount))
}

/// Host name, domain name and kernel parameters.
fn identify(child: &FirstProcess<'_>) -> Result<(), Failure> {
    let plan = child.plan;
    if !plan.hostname.is_empty() {
        rustix::system::sethostname(plan.hostname.as_bytes()).or_fail("sethostname")?;
    }
    if !plan.domainname.is_empty() {
        rustix::system::setdomainname(plan.domainname.as_bytes()).or_fail("setdomainname")?;
    }
    if plan.sysctls.is_empty() {
        return Ok(());
    }
    let proc = procfs::Private::mount()?;
    plan.sysctls.iter().try_for_each(|(path, value)| proc.write(&Path::new("sys").join(path), value))
}

/// pivot_root(2): the host's tree ends up over the new root and is let go.
fn leave_host(host: &OwnedFd, propagation: (Propagation, bool)) -> Result<(), Failure> {
    pivot_root(".", ".").or_fail("pivot_root")?;
    if !matches!(propagation, (Propagation::Slave | Propagation::Private, true)) {
        // What is shared yet would be unmounted on the host, too.
        set_propagation(host.as_fd(), Propagation::Slave, true)?;
    }
    Ok(detach(Path::new("."))?)
}

/// Without pivot_root(2): the root lies over the host's, everything that is mounted below that is let go, and only the
/// host's bare root file system is left out of reach beneath.
fn cover_host(root: &Root, host: &OwnedFd) -> Result<(), Failure> {
    set_propagation(host.as_fd(), Propagation::Slave, true)?;
    fchdir(host).or_fail("enter the host's root")?;
    let table = procfs::Private::mount()?.read_own("mountinfo")?;
    let table = mountinfo::parse(&table);
    let id = mount_id(host).or_fail("look at the host's root")?;
    let below = table.iter().filter(|entry| entry.parent == id && entry.mount_point != Path::new("/"));
    for entry in below {
        detach(entry.mount_point.strip_prefix("/").unwrap_or(&entry.mount_point))?;
    }
    fchdir(root.folder()).or_fail("enter the root")?;
    chroot(".").or_fail("chroot")
}

fn mount_id(file: &OwnedFd) -> rustix::io::Result<u64> {
    let stat = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    Ok(stat.stx_mnt_id)
}

/// Makes the root this process's.
fn enter(child: &FirstProcess<'_>, root: &Root, host: &OwnedFd) -> Result<(), Failure> {
    let plan = &child.plan.root;
    fchdir(root.folder()).or_fail("enter the root")?;
    if child.plan.namespaces.joins(NamespaceKind::Mount) {
        chroot(".").or_fail("chroot")?;
    } else if child.pivot {
        leave_host(host, plan.propagation)?;
    } else {
        cover_host(root, host)?;
    }
    chdir("/").or_fail("chdir /")?;
    if plan.read_only {
        set_attributes(root.folder(), Attributes::READ_ONLY, false)?;
    }
    match plan.last_propagation {
        Some((propagation, recursive)) => Ok(set_propagation(root.folder(), propagation, recursive)?),
        None => Ok(()),
    }
}
