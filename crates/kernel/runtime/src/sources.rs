//! What the parent opens for the child: sources of mounts that the child cannot reach, or whose owners it may not map.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use knarr_cgroups::{Cgroup, Version};
use knarr_mounts::{clone_tree, overlay, overlay_for, set_owners};
use knarr_spec::NamespaceKind;
use rustix::fs::CWD;

use crate::plan::{MountPlan, MountSource, Namespaces, Owners, Plan, RootSource};
use crate::{Error, Result, foreign, namespaces};

/// The root as a detached mount: a snapshot, or a folder that a mapped root might not reach. Whatever becomes of the
/// child, nothing is left in a mount table.
pub fn root(plan: &Plan) -> Result<Option<OwnedFd>> {
    let new_user = plan.namespaces.is_new(NamespaceKind::User);
    match &plan.root.source {
        RootSource::Snapshot(snapshot) if new_user => {
            let users = container_users(&plan.namespaces)?;
            Ok(Some(overlay_for(snapshot, users.as_fd())?))
        }
        RootSource::Snapshot(snapshot) => Ok(Some(overlay(snapshot)?)),
        RootSource::Folder(path) if may_mount(plan) => Ok(Some(clone_tree(CWD, path, true)?)),
        RootSource::Folder(_) => Ok(None),
    }
}

/// The sources of bind mounts, one for each mount of the plan; none is for the child to open.
pub fn binds(plan: &Plan) -> Result<Vec<Option<OwnedFd>>> {
    let elsewhere = may_mount(plan) || plan.namespaces.joins(NamespaceKind::Mount);
    plan.mounts.iter().map(|mount| one(plan, mount, elsewhere)).collect()
}

fn one(plan: &Plan, mount: &MountPlan, elsewhere: bool) -> Result<Option<OwnedFd>> {
    let MountSource::Bind { path, recursive } = &mount.source else { return Ok(None) };
    if !elsewhere && mount.owners.is_none() {
        return Ok(None);
    }
    let at_mount = |error: Error| Error::Spec(format!("mount at {:?}: {}", mount.destination, error.full()));
    let opened = foreign::source(path, *recursive).map_err(|failure| at_mount(failure.into()))?;
    if let Some(owners) = &mount.owners {
        map_owners(plan, opened.as_fd(), owners).map_err(at_mount)?;
    }
    Ok(Some(opened))
}

fn map_owners(plan: &Plan, mount: BorrowedFd<'_>, owners: &Owners) -> Result<()> {
    let users = match &owners.maps {
        Some((uid_map, gid_map)) => namespaces::mapped_users(uid_map, gid_map)?,
        None => container_users(&plan.namespaces)?,
    };
    Ok(set_owners(mount, users.as_fd(), owners.recursive)?)
}

/// A user namespace that maps as the container's does, which need not exist yet.
fn container_users(plan: &Namespaces) -> Result<OwnedFd> {
    match plan.join.iter().find(|(kind, _)| *kind == NamespaceKind::User) {
        Some((_, path)) => namespaces::open_file(path),
        None => namespaces::mapped_users(&plan.uid_map, &plan.gid_map),
    }
}

/// Whether this process opens for a child that will be somebody else; without root's rights both are the same user.
fn may_mount(plan: &Plan) -> bool {
    plan.namespaces.has(NamespaceKind::User) && rustix::process::geteuid().is_root()
}

/// The container's folder in each hierarchy as a detached mount, where it mounts them, by the name under which a
/// container expects it; no name on a v2 host.
pub fn cgroups(plan: &Plan, cgroup: &Cgroup) -> Result<Vec<(String, OwnedFd)>> {
    let wanted = plan.mounts.iter().any(|mount| mount.source == MountSource::Cgroups);
    if !wanted {
        return Ok(Vec::new());
    }
    let folders: Vec<_> = cgroup.folders().collect();
    let pure = matches!(folders.as_slice(), [(hierarchy, _)] if hierarchy.version == Version::V2);
    let name = |mount: &Path| mount.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let named = folders.into_iter().map(|(hierarchy, folder)| {
        let name = if pure { String::new() } else { name(&hierarchy.mount) };
        Ok((name, clone_tree(CWD, &folder, false)?))
    });
    named.collect()
}
